import { describe, expect, test } from 'vitest';
import { waitingRoom } from '../system.ts';

/** Free text that is about nobody, and why. Everything else that somebody may type has to be declared personal. */
const aboutNobody: { readonly [field: string]: string } = {
  'PatientCheckedIn.consultationType': 'what rooms differ in; lists and figures are grouped by it',
  'QueueConfigured.queueName': 'the name of a queue, for everybody to read',
  'QueuePaused.reason': 'for everybody to read: the API says that no names belong there',
  'QueueClosed.reason': 'the same',
  'SiteConfigured.siteName': 'the name of a building',
  'SiteConfigured.timeZone': 'Europe/Madrid',
  'RoomConfigured.roomName': 'the name of a room, on the display',
  'DeskConfigured.deskName': 'the name of a desk, on the display',
};

interface Shape {
  readonly type?: string;
  readonly pattern?: string;
  readonly format?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Shape[];
  readonly minLength?: number;
  readonly maxLength?: number;
}

/** Whether a field takes any words: text that no pattern binds to a form, and that is no id. */
function isFreeText({ type, pattern, format, enum: words, const: word, anyOf }: Shape): boolean {
  if (anyOf !== undefined) return anyOf.some(isFreeText);
  return type === 'string' && [pattern, format, words, word].every((bound) => bound === undefined);
}

describe('in the events of the waiting room', () => {
  const fields = waitingRoom.events.flatMap(({ type, schema, personal }) =>
    Object.entries(schema.properties).map(([field, shape]) => ({
      name: `${type}.${field}`,
      // Ids of ours and of patients: the canaries of test/http/privacy.test.ts tell where those go.
      isFree: isFreeText(shape) && !/(Id|Key)$/.test(field),
      isPersonal: field in personal,
    })),
  );

  test('whatever somebody may type is declared personal, or stands here with a reason', () => {
    const silent = fields.filter(({ isFree, isPersonal }) => isFree && !isPersonal).map(({ name }) => name);
    expect(silent.toSorted()).toEqual(Object.keys(aboutNobody).toSorted());
  });

  test('the names of people, what is noted about them and why something was done with them are personal', () => {
    const words = /(patientName|staffName|notes)$/;
    expect(fields.filter(({ name }) => words.test(name)).length).toBeGreaterThan(3);
    expect(fields.filter(({ name, isPersonal }) => words.test(name) && !isPersonal)).toEqual([]);
  });

  test('each personal field belongs to somebody who is named in the same event', () => {
    for (const { type, schema, personal } of waitingRoom.events) {
      for (const [field, owner] of Object.entries(personal)) {
        expect(Object.keys(schema.properties), `${type}.${field}`).toEqual(expect.arrayContaining([field, owner]));
        expect(owner, `${type}.${field}`).toMatch(/Id$/);
      }
    }
  });
});
