/** What a property is compared with. */
export type Literal = string | number | boolean | null;

export const comparisons = ['=', '<>', '<', '<=', '>', '>=', 'like', 'not like', 'contains', 'not contains'] as const;
export type Comparison = (typeof comparisons)[number];

/** A query of log lines, parsed. */
export type Expression =
  | { readonly kind: 'compare'; readonly property: string; readonly operator: Comparison; readonly literal: Literal }
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Expression[] }
  | { readonly kind: 'not'; readonly part: Expression };

/** A line as it is asked about: its properties by the names of the table. */
export type LineValues = { readonly [property: string]: unknown };

/** As it would be typed: what is parsed from it is the same expression again. */
export function printExpression(expression: Expression): string {
  if (expression.kind === 'compare') {
    const { property, operator, literal } = expression;
    return `${property} ${operator} ${printLiteral(literal)}`;
  }
  if (expression.kind === 'not') return `not ${printPart(expression.part)}`;
  return expression.parts.map(printPart).join(` ${expression.kind} `);
}

function printPart(expression: Expression): string {
  const text = printExpression(expression);
  return expression.kind === 'and' || expression.kind === 'or' ? `(${text})` : text;
}

function printLiteral(literal: Literal): string {
  return typeof literal === 'string' ? `"${literal.replaceAll('"', '""')}"` : String(literal);
}

/**
 * Makes the test that a query stands for. A comparison with a property that a line does not have is false, whatever the
 * operator; `= null` asks for just that. Texts are compared by their letters, case included; texts and numbers are never
 * the same, and neither is smaller. `like` takes `%` for any characters and `_` for one, `contains` a piece of the text.
 */
export function compileExpression(expression: Expression): (line: LineValues) => boolean {
  if (expression.kind === 'not') {
    const part = compileExpression(expression.part);
    return (line) => !part(line);
  }
  if (expression.kind === 'compare') {
    const { property } = expression;
    const holds = compileComparison(expression.operator, expression.literal);
    return (line) => holds(line[property] ?? null);
  }
  const parts = expression.parts.map(compileExpression);
  return expression.kind === 'and'
    ? (line) => parts.every((part) => part(line))
    : (line) => parts.some((part) => part(line));
}

function compileComparison(operator: Comparison, literal: Literal): (value: unknown) => boolean {
  if (literal === null) {
    if (operator === '=') return (value) => value === null;
    return operator === '<>' ? (value) => value !== null : () => false;
  }
  switch (operator) {
    case '=':
      return (value) => value === literal;
    case '<>':
      return (value) => value !== null && value !== literal;
    case '<':
      return (value) => isOrdered(value, literal) && value < literal;
    case '<=':
      return (value) => isOrdered(value, literal) && value <= literal;
    case '>':
      return (value) => isOrdered(value, literal) && value > literal;
    case '>=':
      return (value) => isOrdered(value, literal) && value >= literal;
    case 'contains':
      return (value) => typeof value === 'string' && value.includes(String(literal));
    case 'not contains':
      return (value) => typeof value === 'string' && !value.includes(String(literal));
    case 'like':
    case 'not like': {
      const pattern = likePattern(String(literal));
      const wanted = operator === 'like';
      return (value) => typeof value === 'string' && pattern.test(value) === wanted;
    }
  }
}

function isOrdered(value: unknown, literal: Literal): value is string | number {
  return typeof value === typeof literal && (typeof value === 'string' || typeof value === 'number');
}

function likePattern(text: string): RegExp {
  const source = Array.from(text, (letter) => {
    if (letter === '%') return '.*';
    return letter === '_' ? '.' : letter.replace(/[\\^$.*+?()[\]{}|/]/, '\\$&');
  });
  return new RegExp(`^${source.join('')}$`, 'su');
}

/**
 * Texts that stand in every line that fits, so that a line without them need not be read: those that have to be equal.
 * A text is given as JSON writes it.
 */
export function textsOf(expression: Expression): readonly string[] {
  if (expression.kind === 'and') return expression.parts.flatMap(textsOf);
  if (expression.kind !== 'compare' || expression.operator !== '=' || typeof expression.literal !== 'string') return [];
  // What is made of a line when it is read stands in none.
  return derived.has(expression.property) ? [] : [JSON.stringify(expression.literal)];
}

const derived = new Set(['Message']);
