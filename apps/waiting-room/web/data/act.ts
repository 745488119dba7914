import { Attempts } from './attempts.ts';
import { clinicStore } from './clinic-session.ts';
import { number, type JsonFields } from './json.ts';
import { notify } from './notices.ts';
import { RequestFailure, send } from './rest.ts';

/** After that a command counts as done although the lists do not show it yet. */
const seenWithinMs = 2_000;

const attempts = new Attempts(send);

/**
 * Sends a command once and waits until the lists show what came of it. Throws RequestFailure and says nothing: for
 * those who know what to do about a refusal.
 */
export async function attempt(path: string, body: object): Promise<JsonFields> {
  const answer = await attempts.act('POST', path, body);
  await seen(number(answer['position']));
  return answer;
}

/** As {@link attempt}, and says what came of it. The answer; undefined when it was refused, which was said as well. */
export async function act(
  path: string,
  body: object,
  done?: (answer: JsonFields) => string,
): Promise<JsonFields | undefined> {
  try {
    const answer = await attempts.act('POST', path, body);
    // Said at once; the lists follow in a moment.
    if (done !== undefined) notify('done', done(answer));
    await seen(number(answer['position']));
    return answer;
  } catch (error) {
    tellFailure(error);
    return undefined;
  }
}

/** As {@link act} for what does not show in the lists: nothing is waited for. The answer's position; undefined when refused. */
export async function change(path: string, body: object, done: () => string): Promise<number | undefined> {
  try {
    const answer = await attempts.act('PUT', path, body);
    notify('done', done());
    return number(answer['position']);
  } catch (error) {
    tellFailure(error);
    return undefined;
  }
}

/** Says why something failed. */
export function tellFailure(error: unknown): void {
  notify('failed', error instanceof RequestFailure ? error.message : String(error));
}

/** Resolves when the live session has everything up to a position; at once when there is no session. */
function seen(position: number): Promise<void> {
  const isSeen = () => {
    const { clinic, connection } = clinicStore.state;
    return !connection.open || (clinic.position ?? 0) >= position;
  };
  if (isSeen()) return Promise.resolve();
  return new Promise((resolve) => {
    const finish = () => {
      clearTimeout(timer);
      leave();
      resolve();
    };
    const timer = setTimeout(finish, seenWithinMs);
    const leave = clinicStore.subscribe(() => {
      if (isSeen()) finish();
    });
  });
}
