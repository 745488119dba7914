import { useState } from 'preact/hooks';
import { notify } from '../../data/notices.ts';
import { useWords, wordsOf } from '../../language/language.ts';
import { EditForm, type EditFormProps } from './edit-form.tsx';
import { textOf } from './form-fields.ts';
import { adminWords } from './words.ts';

interface EditButtonProps extends Omit<EditFormProps, 'title' | 'onClose'> {
  /** What is changed; undefined for something new. */
  readonly name?: string;
  /** On the button for something new. */
  readonly adding?: string;
  /** The field that names something new. */
  readonly nameField?: string;
}

/** A button with the form behind it. */
export function EditButton({ name, adding = '', nameField = '', onSend, ...form }: EditButtonProps) {
  const words = useWords(adminWords);
  const [open, setOpen] = useState(false);
  const title = name === undefined ? adding : words.changeOne(name);
  return (
    <>
      <button
        type="button"
        class={name === undefined ? 'primary' : 'quiet'}
        aria-haspopup="dialog"
        aria-label={name === undefined ? undefined : title}
        onClick={() => setOpen(true)}
      >
        {name === undefined ? adding : words.change}
      </button>
      {open && (
        <EditForm
          {...form}
          title={title}
          onClose={() => setOpen(false)}
          onSend={async (values) => {
            await onSend(values);
            notify('done', wordsOf(adminWords).saved(name ?? textOf(values, nameField)));
            setOpen(false);
          }}
        />
      )}
    </>
  );
}
