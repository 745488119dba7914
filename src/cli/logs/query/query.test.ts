import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MillraceError } from '../../../errors.ts';
import { logLevels, logProperties } from '../../../telemetry/log-events.ts';
import {
  comparisons,
  compileExpression,
  printExpression,
  textsOf,
  type Comparison,
  type Expression,
  type LineValues,
  type Literal,
} from './expression.ts';
import { parseQuery } from './parse.ts';

const numbers = Object.entries(logProperties).flatMap(([name, { kind }]) => (kind === 'number' ? [name] : []));
const texts = Object.keys(logProperties).filter((name) => !numbers.includes(name) && name !== 'Level');

/** Few letters, so that texts are often equal or parts of each other; the ones that a printer gets wrong are among them. */
const text = fc.string({ unit: fc.constantFrom('a', 'b', '"', "'", '%', '_', '.', '\\', '/', ' ', 'é'), maxLength: 4 });
const number = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.double({ noNaN: true, noDefaultInfinity: true }));

const compare = ([property, operator, literal]: [string, Comparison, Literal]): Expression => ({
  kind: 'compare',
  property,
  operator,
  literal,
});
const ordering = fc.constantFrom<Comparison>('=', '<>', '<', '<=', '>', '>=');
const equality = fc.constantFrom<Comparison>('=', '<>');
const comparison: fc.Arbitrary<[string, Comparison, Literal]> = fc.oneof(
  fc.tuple(fc.constantFrom(...texts.slice(0, 3)), fc.constantFrom(...comparisons), text),
  fc.tuple(fc.constantFrom(...numbers.slice(0, 2)), ordering, number),
  fc.tuple(fc.constantFrom(...texts.slice(0, 2), ...numbers.slice(0, 2)), equality, fc.constant(null)),
  fc.tuple(fc.constant('Level'), equality, fc.constantFrom(...logLevels)),
);
const { expression } = fc.letrec<{ expression: Expression }>((tie) => ({
  expression: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    comparison.map(compare),
    fc.record({
      kind: fc.constantFrom('and' as const, 'or' as const),
      parts: fc.array(tie('expression'), { minLength: 2, maxLength: 3 }),
    }),
    fc.record({ kind: fc.constant('not' as const), part: tie('expression') }),
  ),
}));
const line: fc.Arbitrary<LineValues> = fc.record(
  {
    ...Object.fromEntries(texts.slice(0, 3).map((name) => [name, text])),
    ...Object.fromEntries(numbers.slice(0, 2).map((name) => [name, number])),
    Level: fc.constantFrom(...logLevels),
  },
  { requiredKeys: [] },
);

/** What a query means, by the letter of its description and without any cleverness. */
function naive(query: Expression, values: LineValues): boolean {
  if (query.kind === 'not') return !naive(query.part, values);
  if (query.kind !== 'compare') {
    const held = query.parts.map((part) => naive(part, values));
    return query.kind === 'and' ? !held.includes(false) : held.includes(true);
  }
  const value = values[query.property];
  const { operator, literal } = query;
  if (literal === null) return operator === '=' ? value === undefined : operator === '<>' && value !== undefined;
  if (value === undefined) return false;
  if (operator === '=') return Object.is(value, literal) || value === literal;
  if (operator === '<>') return value !== literal;
  if (typeof value === 'string' && typeof literal === 'string') {
    if (operator.endsWith('like')) return matches(value, literal) === (operator === 'like');
    if (operator.endsWith('contains'))
      return (value.split(literal).length > 1 || literal === '') === (operator === 'contains');
    const order = value < literal ? -1 : Number(value > literal);
    return isInOrder(operator, order);
  }
  if (typeof value !== 'number' || typeof literal !== 'number') return false;
  const order = Math.sign(value - literal);
  return isInOrder(operator, order);
}

function isInOrder(operator: Comparison, order: number): boolean {
  if (operator === '<') return order < 0;
  if (operator === '<=') return order <= 0;
  return operator === '>' ? order > 0 : order >= 0;
}

/** `like`, letter by letter. */
function matches(value: string, pattern: string): boolean {
  if (pattern === '') return value === '';
  const [letter, rest] = [pattern[0], pattern.slice(1)];
  if (letter === '%')
    return Array.from({ length: value.length + 1 }, (_, skipped) => skipped).some((skipped) =>
      matches(value.slice(skipped), rest),
    );
  return value !== '' && (letter === '_' || letter === value[0]) && matches(value.slice(1), rest);
}

describe('a query', () => {
  test('is the same again when it is printed and parsed', () => {
    fc.assert(
      fc.property(expression, (query) => {
        expect(parseQuery(printExpression(query))).toEqual(normal(query));
      }),
      { numRuns: 500 },
    );
  });

  test('finds what its meaning says, line by line', () => {
    fc.assert(
      fc.property(expression, line, (query, values) => {
        expect(compileExpression(query)(values)).toBe(naive(query, values));
      }),
      { numRuns: 500 },
    );
  });

  test('asks only for texts that stand in every line that fits', () => {
    fc.assert(
      fc.property(expression, line, (query, values) => {
        const written = JSON.stringify(values);
        if (naive(query, values)) expect(textsOf(query).every((piece) => written.includes(piece))).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test('is understood, or refused with a place, whatever is typed', () => {
    const word = fc.constantFrom(
      'and',
      'OR',
      'not',
      '(',
      ')',
      'Level',
      '=',
      '"Error"',
      '5',
      'like',
      '"',
      '@',
      'null',
      '// x',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(word, fc.string({ maxLength: 3 })), { maxLength: 8 }), (words) => {
        const query = words.join(' ');
        try {
          parseQuery(query);
        } catch (error) {
          expect(error).toMatchObject({ name: 'MillraceError', code: 'LOG_QUERY_INVALID' });
          const at = Number(/^At character (\d+)/.exec((error as Error).message)?.[1]);
          expect(at).toBeGreaterThanOrEqual(1);
          expect(at).toBeLessThanOrEqual(query.length + 1);
        }
      }),
      { numRuns: 500 },
    );
  });
});

/** -0 is printed as 0. */
function normal(query: Expression): Expression {
  if (query.kind === 'not') return { ...query, part: normal(query.part) };
  if (query.kind !== 'compare') return { ...query, parts: query.parts.map(normal) };
  return Object.is(query.literal, -0) ? { ...query, literal: 0 } : query;
}

describe('the words of a query', () => {
  test('may be in any letter case, and and goes before or', () => {
    const query = parseQuery(`Level = 'Error' OR Position > 1 AND NOT EventType LIKE "P%"`);
    expect(printExpression(query)).toBe(`Level = "Error" or (Position > 1 and not EventType like "P%")`);
    expect(parseQuery('Level == "Error" || !(Position != 1 && Code not contains "x")')).toEqual(
      parseQuery('Level = "Error" or not (Position <> 1 and Code not contains "x")'),
    );
  });

  test.each([
    ['CorelationId = "abc-123"', 1, 'CorrelationId is meant perhaps'],
    ['Level = "Eror"', 9, 'there are Verbose'],
    ['Level = Error', 9, 'a text in quotation marks ("Error")'],
    ['Level = "Error', 9, 'has no " at its end'],
    ['ProcessingDurationMs > "500"', 24, 'a number is expected'],
    ['(Level = "Error"', 17, 'where ) is expected'],
    ['Level "Error"', 7, 'a comparison'],
    ['Level = "Error" Position > 1', 17, 'and, or, or the end'],
    ['EventType like 5', 16, 'wants a text'],
    ['Position > 1 ; drop', 14, '; has no meaning here'],
    ['', 1, 'the query ends'],
    [`${'('.repeat(200)}Level`, 101, 'deeper'],
  ])('that are wrong are named with their place: %s', (query, at, hint) => {
    const refused = (() => {
      try {
        return parseQuery(query);
      } catch (error) {
        return error;
      }
    })();
    expect(refused).toBeInstanceOf(MillraceError);
    expect(refused).toMatchObject({ code: 'LOG_QUERY_INVALID' });
    expect(String(refused)).toContain(`At character ${at} `);
    expect(String(refused)).toContain(hint);
  });
});
