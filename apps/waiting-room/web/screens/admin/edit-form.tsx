import { useEffect, useRef, useState } from 'preact/hooks';
import { RequestFailure } from '../../data/rest.ts';
import { useWords } from '../../language/language.ts';
import { Modal } from '../../view/modal.tsx';
import { FieldInput } from './field-input.tsx';
import { refusedFields, type Field, type Values } from './form-fields.ts';
import { adminWords } from './words.ts';

export interface EditFormProps {
  readonly title: string;
  readonly fields: readonly Field[];
  readonly initial: Values;
  /** Throws RequestFailure; what it says stands in the form, and at its fields. */
  readonly onSend: (values: Values) => Promise<void>;
  readonly onClose: () => void;
}

/** A form in front of a list. What was refused is told at the field, and nothing that was filled in is lost. */
export function EditForm({ title, fields, initial, onSend, onClose }: EditFormProps) {
  const words = useWords(adminWords);
  const [values, setValues] = useState<Values>(initial);
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<{ readonly text: string; readonly names: ReadonlySet<string> }>();
  const form = useRef<HTMLFormElement>(null);

  useEffect(() => {
    // The keyboard goes where something is to be mended.
    const wrong = form.current?.querySelector('[aria-invalid="true"]');
    if (refusal !== undefined && wrong instanceof HTMLElement) wrong.focus();
  }, [refusal]);

  async function send(): Promise<void> {
    if (busy) return;
    setBusy(true);
    setRefusal(undefined);
    try {
      await onSend(values);
    } catch (error) {
      const names = error instanceof RequestFailure ? error.fields : [];
      setRefusal({
        text: error instanceof RequestFailure ? error.message : String(error),
        names: refusedFields(fields, names),
      });
      setBusy(false);
    }
  }

  return (
    <Modal title={title} onClose={onClose}>
      <form
        ref={form}
        class="step-form"
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        {fields.map((field) => (
          <FieldInput
            key={field.name}
            field={field}
            values={values}
            refused={refusal?.names.has(field.name) === true}
            onChange={(value) => setValues((before) => ({ ...before, [field.name]: value }))}
          />
        ))}
        <p class="problem" role="alert">
          {refusal?.text}
        </p>
        <button type="submit" class="primary" aria-disabled={busy}>
          {words.save}
        </button>
      </form>
    </Modal>
  );
}
