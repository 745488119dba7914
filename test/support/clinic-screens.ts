import type { Browser, BrowserContext, Page } from 'playwright-core';

/** What a desk or a room shows: who is there, and the beginning of its line. */
export interface StationView {
  readonly visitId: string;
  readonly status: string;
  readonly line: readonly string[];
}

export interface Patient {
  readonly id: string;
  readonly name: string;
  readonly priority: string;
}

/** A look at the page ten times a second, in the page: twenty of them on a small machine cannot be asked from outside. */
const everyMs = 100;
/** A step that nothing came of is taken again, as somebody would who pressed too softly. */
const againMs = 1_500;

const stationView = `(() => {
  const here = document.querySelector('.station .here');
  const line = [...document.querySelectorAll('.station > .line li')].map((row) => row.dataset.visit);
  return { visitId: here?.dataset.visit ?? '', status: here?.dataset.status ?? '', line };
})()`;

const press = `(key) => document.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }))`;

/** Works at a desk or in a room by its keys: calls when nobody is there, otherwise takes the step of the status. */
const worker = (keys: Readonly<Record<string, string>>): string => `(() => {
  const keys = ${JSON.stringify(keys)};
  const press = ${press};
  const staff = (window.staff = { works: true, goesOn: true, done: false });
  let last = '';
  let at = 0;
  setInterval(() => {
    if (!staff.works || staff.done) return;
    const { visitId, status, line } = ${stationView};
    // A call that is under way may still bring somebody.
    const isIdle = document.querySelector('.station-here [aria-busy="true"]') === null;
    if (visitId === '' && !staff.goesOn && isIdle) staff.done = true;
    const key = visitId !== '' ? keys[status] : staff.goesOn ? 'F2' : undefined;
    if (staff.done || key === undefined || (key === 'F2' && line.length === 0)) return;
    const now = visitId + status;
    if (now === last && performance.now() - at < ${againMs}) return;
    last = now;
    at = performance.now();
    press(key);
  }, ${everyMs});
})()`;

/** Checks patients in, one after the other: fills the form in, submits it, reads the ticket, turns to the next. */
const receptionist = (patients: readonly Patient[]): string => `(() => {
  const patients = ${JSON.stringify(patients)};
  const press = ${press};
  const staff = (window.staff = { works: true, done: false, tickets: [] });
  const type = (name, value) => {
    const field = document.querySelector('input[name="' + name + '"]');
    Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set.call(field, value);
    field.dispatchEvent(new Event('input', { bubbles: true }));
  };
  let filled = -1;
  let sentAt = -Infinity;
  setInterval(() => {
    const slip = document.querySelector('.checked-in .slip-ticket');
    if (slip !== null) {
      if (!staff.tickets.includes(slip.textContent)) staff.tickets.push(slip.textContent);
      press('F2');
      document.querySelector('.checked-in .action:last-child button')?.click();
      return;
    }
    const n = staff.tickets.length;
    const form = document.querySelector('.check-in-desk');
    staff.done = n === patients.length;
    if (!staff.works || staff.done || form === null || form.hidden) return;
    if (filled !== n) {
      type('patientName', patients[n].name);
      type('patientId', patients[n].id);
      document.querySelector('input[name="priority"][value="' + patients[n].priority + '"]').click();
      filled = n;
      sentAt = -Infinity;
      return;
    }
    if (performance.now() - sentAt < ${againMs}) return;
    sentAt = performance.now();
    form.requestSubmit();
  }, ${everyMs});
})()`;

/** A member of staff with a browser of their own: a context, as on another machine. */
export class StaffPage {
  readonly name: string;
  readonly page: Page;
  readonly #context: BrowserContext;

  private constructor(name: string, context: BrowserContext, page: Page) {
    this.name = name;
    this.page = page;
    this.#context = context;
  }

  /** `kept`: what the browser remembers, as the desk it stands at. Resolves when the screen is live. */
  static async open(browser: Browser, url: string, name: string, kept: Record<string, string>): Promise<StaffPage> {
    // Small, since what is not painted costs nothing.
    const context = await browser.newContext({ viewport: { width: 480, height: 320 }, reducedMotion: 'reduce' });
    await context.addInitScript(`for (const [name, value] of Object.entries(${JSON.stringify(kept)})) {
      localStorage.setItem('millrace-' + name, value);
    }`);
    const page = await context.newPage();
    page.setDefaultTimeout(120_000);
    await page.goto(url);
    const staff = new StaffPage(name, context, page);
    await staff.live();
    return staff;
  }

  async live(): Promise<void> {
    await this.page.waitForSelector('.connection[data-state="live"]');
  }

  /** `keys`: the key of the step that is taken for each status. */
  async work(keys: Readonly<Record<string, string>>): Promise<void> {
    await this.page.evaluate(worker(keys));
  }

  async checkIn(patients: readonly Patient[]): Promise<void> {
    await this.page.evaluate(receptionist(patients));
  }

  /** Stops taking steps, or goes on. */
  async works(works: boolean): Promise<void> {
    await this.page.evaluate(`window.staff.works = ${works}`);
  }

  /** Calls nobody any more; whoever is here is seen to the end. */
  async callNobody(): Promise<void> {
    await this.page.evaluate('window.staff.goesOn = false');
  }

  async isDone(): Promise<boolean> {
    return (await this.page.evaluate('window.staff.done')) === true;
  }

  async tickets(): Promise<readonly string[]> {
    // Collected by the receptionist above.
    return (await this.page.evaluate('window.staff.tickets')) as readonly string[];
  }

  async view(): Promise<StationView> {
    // The expression above, in this shape.
    return (await this.page.evaluate(stationView)) as StationView;
  }

  /** Whom reception lists as waiting. */
  async listed(): Promise<readonly string[]> {
    return (await this.page.evaluate(
      `[...document.querySelectorAll('.who-is-here .visit-lines li')].map((row) => row.dataset.visit)`,
    )) as readonly string[];
  }

  async close(): Promise<void> {
    await this.#context.close();
  }
}
