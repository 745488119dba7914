import { useId } from 'preact/hooks';
import { useWords } from '../../language/language.ts';
import { ticksOf, type Field, type Values } from './form-fields.ts';
import { adminWords } from './words.ts';

interface FieldInputProps {
  readonly field: Field;
  readonly values: Values;
  /** The server said that this one is wrong. */
  readonly refused: boolean;
  readonly onChange: (value: Values[string]) => void;
}

/** One field of a form with its hint, and what the server said of it. */
export function FieldInput({ field, values, refused, onChange }: FieldInputProps) {
  const words = useWords(adminWords);
  const id = useId();
  const { name, label, kind, hint, fixed = false, options = [] } = field;
  const value = values[name];
  const told = hint !== undefined || refused;
  const hintLine = told && (
    <small id={id}>
      {refused && <strong class="refused">{words.notRight} </strong>}
      {hint}
    </small>
  );
  const shared = { name, 'aria-invalid': refused, 'aria-describedby': told ? id : undefined };

  if (kind === 'ticks') {
    const ticked = ticksOf(values, name);
    return (
      <fieldset class="ticks" aria-describedby={shared['aria-describedby']}>
        <legend>{label}</legend>
        {options.map(([option, title]) => (
          <label key={option} class="tick">
            <input
              type="checkbox"
              name={name}
              value={option}
              aria-invalid={refused}
              checked={ticked.includes(option)}
              disabled={fixed}
              onChange={(event) =>
                onChange(event.currentTarget.checked ? [...ticked, option] : ticked.filter((held) => held !== option))
              }
            />
            {title}
          </label>
        ))}
        {hintLine}
      </fieldset>
    );
  }
  if (kind === 'tick') {
    return (
      <div class="field">
        <label class="tick">
          <input
            {...shared}
            type="checkbox"
            checked={value === true}
            onChange={(event) => onChange(event.currentTarget.checked)}
          />
          {label}
        </label>
        {hintLine}
      </div>
    );
  }
  const text = typeof value === 'string' ? value : '';
  const typed = {
    ...shared,
    required: field.required,
    readOnly: fixed,
    pattern: field.pattern,
    maxLength: field.maxLength,
    min: field.min,
    max: field.max,
    autoComplete: kind === 'password' ? 'new-password' : 'off',
    value: text,
    onInput: (event: { readonly currentTarget: HTMLInputElement }) => onChange(event.currentTarget.value),
  } as const;
  const list = kind === 'text' && options.length > 0 ? `${id}-options` : undefined;
  const inputs = {
    text: () => <input {...typed} type="text" list={list} />,
    password: () => <input {...typed} type="password" />,
    number: () => <input {...typed} type="number" />,
    time: () => <input {...typed} type="time" />,
  } as const;
  return (
    // What explains it stands outside: inside it would be part of the name, and be read twice.
    <div class="field">
      <label class="field">
        <span>{label}</span>
        {kind === 'choice' ? (
          <select {...shared} value={text} onChange={(event) => onChange(event.currentTarget.value)}>
            {options.map(([option, title]) => (
              <option key={option} value={option}>
                {title}
              </option>
            ))}
          </select>
        ) : (
          inputs[kind]()
        )}
        {list !== undefined && (
          <datalist id={list}>
            {options.map(([option]) => (
              <option key={option} value={option} />
            ))}
          </datalist>
        )}
      </label>
      {hintLine}
    </div>
  );
}
