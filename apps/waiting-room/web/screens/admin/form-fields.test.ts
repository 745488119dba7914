import { expect, test } from 'vitest';
import { isTicked, numberOrNone, refusedFields, textOrNone, ticksOf, type Field } from './form-fields.ts';

const field = (name: string): Field => ({ name, label: name, kind: 'text' });

test('an empty field is none, and a number is a number', () => {
  const values = { a: '  ', b: ' x ', c: '12', d: true, e: ['doctor'] };
  expect(textOrNone(values, 'a')).toBeNull();
  expect(textOrNone(values, 'b')).toBe('x');
  expect(numberOrNone(values, 'a')).toBeNull();
  expect(numberOrNone(values, 'c')).toBe(12);
  expect(numberOrNone(values, 'missing')).toBeNull();
  expect(isTicked(values, 'd')).toBe(true);
  expect(isTicked(values, 'b')).toBe(false);
  expect(ticksOf(values, 'e')).toEqual(['doctor']);
  expect(ticksOf(values, 'b')).toEqual([]);
});

test('a refusal leads to the field, however deep the server found it', () => {
  const fields = ['queueName', 'triage', 'roles'].map(field);
  expect([...refusedFields(fields, ['stages.triage', '/roles/0'])]).toEqual(['triage', 'roles']);
  expect([...refusedFields(fields, ['elsewhere'])]).toEqual([]);
});
