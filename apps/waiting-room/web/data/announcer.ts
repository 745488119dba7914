/** Two notes that carry across a room, in hertz, and how long each sounds, in seconds. */
const notes = [784, 587];
const noteLength = 0.45;
/** A voice that never says that it is done does not hold the next call up. */
const longestSpeechMs = 12_000;

/** Sounds a chime and speaks. Browsers keep silent until somebody has touched the page; then {@link unlock} helps. */
export class Announcer {
  #audio: AudioContext | undefined;

  /** Whether the browser lets sound out; false also where there is no sound at all. */
  get audible(): boolean {
    return this.#context()?.state === 'running';
  }

  /** To be called by a press of a button. Whether there is sound now. */
  async unlock(): Promise<boolean> {
    await this.#context()?.resume();
    // Some browsers let a voice speak only after one that began with a press.
    if (this.audible && 'speechSynthesis' in globalThis) speechSynthesis.speak(new SpeechSynthesisUtterance(''));
    return this.audible;
  }

  /** Calls back when the browser lets sound out or stops doing so, until the returned function is called. */
  onChange(listener: () => void): () => void {
    const audio = this.#context();
    audio?.addEventListener('statechange', listener);
    return () => audio?.removeEventListener('statechange', listener);
  }

  /** Chimes, then speaks; resolves when it is over. Does nothing while there is no sound. */
  async say(words: string, language: string): Promise<void> {
    if (!this.audible) return;
    await this.#chime();
    await speak(words, language);
  }

  stop(): void {
    if ('speechSynthesis' in globalThis) speechSynthesis.cancel();
    void this.#audio?.close();
    this.#audio = undefined;
  }

  #context(): AudioContext | undefined {
    if (this.#audio === undefined && 'AudioContext' in globalThis) this.#audio = new AudioContext();
    return this.#audio;
  }

  #chime(): Promise<void> {
    const audio = this.#context();
    if (audio === undefined) return Promise.resolve();
    return new Promise((resolve) => {
      notes.forEach((frequency, index) => {
        const begin = audio.currentTime + 0.05 + index * noteLength;
        const tone = new OscillatorNode(audio, { type: 'sine', frequency });
        const volume = new GainNode(audio, { gain: 0 });
        volume.gain.setValueAtTime(0.0001, begin);
        volume.gain.exponentialRampToValueAtTime(0.4, begin + 0.03);
        volume.gain.exponentialRampToValueAtTime(0.0001, begin + noteLength * 1.6);
        tone.connect(volume).connect(audio.destination);
        tone.start(begin);
        tone.stop(begin + noteLength * 1.7);
        if (index === notes.length - 1) tone.addEventListener('ended', () => resolve());
      });
    });
  }
}

function speak(words: string, language: string): Promise<void> {
  if (!('speechSynthesis' in globalThis)) return Promise.resolve();
  return new Promise((resolve) => {
    const utterance = new SpeechSynthesisUtterance(words);
    utterance.lang = language;
    utterance.rate = 0.9;
    const voice = speechSynthesis.getVoices().find(({ lang }) => lang.toLowerCase().startsWith(language));
    if (voice !== undefined) utterance.voice = voice;
    const patience = setTimeout(resolve, longestSpeechMs);
    const done = () => {
      clearTimeout(patience);
      resolve();
    };
    utterance.addEventListener('end', done);
    utterance.addEventListener('error', done);
    speechSynthesis.speak(utterance);
  });
}
