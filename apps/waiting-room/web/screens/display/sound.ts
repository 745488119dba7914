import { currentLanguage, wordsOf } from '../../language/language.ts';
import { spelled, type Call } from './display-model.ts';
import { displayWords } from './words.ts';

/** Whether calls are heard: `blocked` until somebody presses; `none` where the browser has neither tones nor a voice. */
export type Sound = 'on' | 'blocked' | 'none';

/** The two notes have died away by then, in milliseconds. */
const chimeMs = 1_200;
/** A voice that does not say when it is done counts as done then, in milliseconds. */
const longestSpeechMs = 12_000;

let audio: AudioContext | undefined;

/** Tells whether calls are heard, now and whenever that changes, until the returned function is called. */
export function watchSound(changed: (sound: Sound) => void): () => void {
  audio ??= newAudio();
  const context = audio;
  const tell = () => changed(soundOf(context));
  tell();
  if (context === undefined) return () => undefined;
  context.addEventListener('statechange', tell);
  return () => context.removeEventListener('statechange', tell);
}

function soundOf(context: AudioContext | undefined): Sound {
  if (context !== undefined) return context.state === 'running' ? 'on' : 'blocked';
  return 'speechSynthesis' in globalThis ? 'on' : 'none';
}

function newAudio(): AudioContext | undefined {
  if (!('AudioContext' in globalThis)) return undefined;
  try {
    return new AudioContext();
  } catch {
    // A machine without any way to make a noise.
    return undefined;
  }
}

/** Has to come from a press: browsers do not let a page make a noise by itself. */
export async function turnSoundOn(): Promise<void> {
  await audio?.resume();
}

/**
 * Two notes, then the ticket and where to go, in the language of the display. Resolves when all of it has been heard; at
 * once where nothing is. Never rejects.
 */
export async function announce(call: Call, over: AbortSignal): Promise<void> {
  if (soundOf(audio) !== 'on' || over.aborted) return;
  if (audio !== undefined) {
    note(audio, 659, 0);
    note(audio, 523, 0.35);
    await passed(chimeMs, over);
  }
  if (!over.aborted) await spoken(wordsOf(displayWords).spoken(spelled(call.ticket), call.name), over);
}

function spoken(text: string, over: AbortSignal): Promise<void> {
  if (!('speechSynthesis' in globalThis) || !('SpeechSynthesisUtterance' in globalThis)) return Promise.resolve();
  const speech = new SpeechSynthesisUtterance(text);
  speech.lang = currentLanguage();
  speech.rate = 0.9;
  const said = new Promise<void>((resolve) => {
    speech.addEventListener('end', () => resolve());
    speech.addEventListener('error', () => resolve());
  });
  globalThis.speechSynthesis.speak(speech);
  return Promise.race([said, passed(longestSpeechMs, over)]);
}

/** Resolves after a time, or as soon as nobody waits any more. */
export function passed(milliseconds: number, over: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, milliseconds);
    function done(): void {
      clearTimeout(timer);
      over.removeEventListener('abort', done);
      resolve();
    }
    over.addEventListener('abort', done);
    if (over.aborted) done();
  });
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
