import {
  logComponents,
  logEvents,
  logLevels,
  type LogEventName,
  type LogOverrides,
  type LogProperty,
  type LogValues,
  type ServiceType,
} from './log-events.ts';

/** What all lines of a process say. */
export interface ProcessFacts {
  readonly application: string;
  readonly processId: number;
  /** For parts that every kind of process has. */
  readonly serviceType: ServiceType;
}

/** Characters: no value is worth more, and a line stays far below what Seq takes. */
const longestText = 500;
const longestException = 6_000;

/** Properties that CLEF has names of its own for. */
export const clefNames: { readonly [property: string]: string } = {
  Exception: '@x',
  TraceId: '@tr',
  SpanId: '@sp',
};

interface Prepared {
  readonly properties: readonly LogProperty[];
  /** `,"Name":` of each property. */
  readonly keys: readonly string[];
  readonly template: string;
}

const prepared = new Map<string, Prepared>(
  Object.entries(logEvents).map(([name, entry]) => {
    const properties: readonly LogProperty[] = entry.properties;
    const keys = properties.map((property) => `,${JSON.stringify(clefNames[property] ?? property)}:`);
    return [name, { properties, keys, template: JSON.stringify(entry.template) }];
  }),
);

const levelParts = new Map(
  // CLEF leaves the usual level out; the property beside it is what queries by the name of `Level` look at.
  logLevels.map((level) => [level, `${level === 'Information' ? '' : `,"@l":"${level}"`},"Level":"${level}"`]),
);

/**
 * Makes the function that writes lines of the table in CLEF: one JSON object a line, with `@t` and `@mt` and the
 * properties beside them. What is not in the table's entry is left out, whatever is handed over.
 * @example const line = clefWriter({ application: 'shop', processId: 7, serviceType: 'Api' })('processStopped', {});
 */
export function clefWriter(facts: ProcessFacts) {
  const end = `,"Application":${JSON.stringify(facts.application)},"ProcessId":${facts.processId}}`;
  const componentParts = new Map(
    Object.entries(logComponents).map(([component, service]) => [
      component,
      `,"Component":"${component}","ServiceType":"${service ?? facts.serviceType}"`,
    ]),
  );
  let second = -1;
  let secondText = '';

  /** An ISO time; the seconds of it are written once. */
  function timeText(now: number): string {
    const whole = Math.floor(now / 1000);
    if (whole !== second) {
      second = whole;
      secondText = new Date(whole * 1000).toISOString().slice(0, 20);
    }
    return `${secondText}${String(now - whole * 1000).padStart(3, '0')}Z`;
  }

  return <Name extends LogEventName>(
    name: Name,
    values: LogValues<Name>,
    overrides: LogOverrides = {},
    now: number = Date.now(),
  ): string => {
    const { properties, keys, template } = preparedOf(name);
    const entry = logEvents[name];
    let line =
      `{"@t":"${timeText(now)}","@mt":${template}${levelParts.get(overrides.level ?? entry.level) ?? ''}` +
      (componentParts.get(overrides.component ?? entry.component ?? 'Process') ?? '');
    const given: { readonly [property: string]: string | number | undefined } = values;
    for (let index = 0; index < properties.length; index++) {
      const value = given[properties[index] ?? ''];
      if (value === undefined) continue;
      if (typeof value === 'number') {
        if (Number.isFinite(value)) line += `${keys[index] ?? ''}${numberText(value)}`;
      } else {
        const longest = properties[index] === 'Exception' ? longestException : longestText;
        line += `${keys[index] ?? ''}${JSON.stringify(value.length > longest ? value.slice(0, longest) : value)}`;
      }
    }
    return `${line}${end}\n`;
  };
}

/** With three decimals at most. Put together of whole numbers, which takes a third of the time. */
function numberText(value: number): string {
  const thousandths = Math.round(value * 1000);
  if (!Number.isSafeInteger(thousandths)) return String(value);
  const size = Math.abs(thousandths);
  const whole = Math.floor(size / 1000);
  const rest = size - whole * 1000;
  const sign = thousandths < 0 ? '-' : '';
  return rest === 0 ? `${sign}${whole}` : `${sign}${whole}.${String(rest).padStart(3, '0')}`;
}

function preparedOf(name: string): Prepared {
  const found = prepared.get(name);
  if (found === undefined) throw new TypeError(`There is no log event ${name}.`);
  return found;
}
