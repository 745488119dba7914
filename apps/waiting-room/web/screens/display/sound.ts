import { currentLanguage, wordsOf } from '../../language/language.ts';
import { spelled, type Call } from './display-model.ts';
import { displayWords } from './words.ts';

let audio: AudioContext | undefined;

/** Whether the browser lets this page be heard. Calls back when that changes, until the returned function is called. */
export function watchSound(changed: (isOn: boolean) => void): () => void {
  audio ??= new AudioContext();
  const context = audio;
  const tell = () => changed(context.state === 'running');
  context.addEventListener('statechange', tell);
  tell();
  return () => context.removeEventListener('statechange', tell);
}

/** Has to come from a press: browsers do not let a page make a noise by itself. */
export async function turnSoundOn(): Promise<void> {
  await audio?.resume();
}

/** Two notes, then the ticket and where to go, in the language of the display. */
export function announce(call: Call): void {
  if (audio?.state !== 'running') return;
  note(audio, 659, 0);
  note(audio, 523, 0.35);
  const speech = new SpeechSynthesisUtterance(wordsOf(displayWords).spoken(spelled(call.ticket), call.name));
  speech.lang = currentLanguage();
  speech.rate = 0.9;
  globalThis.speechSynthesis.speak(speech);
}

function note(context: AudioContext, frequency: number, after: number): void {
  const from = context.currentTime + after;
  const tone = context.createOscillator();
  const loudness = context.createGain();
  tone.frequency.value = frequency;
  loudness.gain.setValueAtTime(0.4, from);
  loudness.gain.exponentialRampToValueAtTime(0.001, from + 0.8);
  tone.connect(loudness).connect(context.destination);
  tone.start(from);
  tone.stop(from + 0.8);
}
