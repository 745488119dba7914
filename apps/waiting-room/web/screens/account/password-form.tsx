import { useEffect, useRef, useState } from 'preact/hooks';
import { notify } from '../../data/notices.ts';
import { newKey, post, RequestFailure } from '../../data/rest.ts';
import { useWords } from '../../language/language.ts';
import { accountWords } from './words.ts';

const fields = [
  ['currentPassword', 'current', 'current-password'],
  ['newPassword', 'next', 'new-password'],
  ['again', 'again', 'new-password'],
] as const;
type Name = (typeof fields)[number][0];

const nothing = { currentPassword: '', newPassword: '', again: '' };

/** Changes the password of who is signed in. What was refused stands at the field. */
export function PasswordForm({ name }: { readonly name: string }) {
  const words = useWords(accountWords);
  const [values, setValues] = useState<{ readonly [Field in Name]: string }>(nothing);
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<{ readonly text: string; readonly fields: readonly string[] }>();
  const form = useRef<HTMLFormElement>(null);

  useEffect(() => {
    const wrong = form.current?.querySelector('[aria-invalid="true"]');
    if (refusal !== undefined && wrong instanceof HTMLElement) wrong.focus();
  }, [refusal]);

  async function send(): Promise<void> {
    if (busy) return;
    const { currentPassword, newPassword, again } = values;
    if (newPassword !== again) {
      setRefusal({ text: words.different, fields: ['again'] });
      return;
    }
    setBusy(true);
    setRefusal(undefined);
    try {
      await post('/api/auth/password', { currentPassword, newPassword }, newKey());
      setValues(nothing);
      notify('done', words.changed);
    } catch (error) {
      const known = error instanceof RequestFailure;
      setRefusal({ text: known ? error.message : String(error), fields: known ? error.fields : [] });
    } finally {
      setBusy(false);
    }
  }

  return (
    <form
      ref={form}
      class="panel"
      aria-labelledby="password-title"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      <h2 id="password-title">{words.change}</h2>
      {/* For those who keep passwords: whose it is. */}
      <input
        class="unseen"
        type="text"
        autoComplete="username"
        value={name}
        readOnly
        tabIndex={-1}
        aria-hidden="true"
      />
      {fields.map(([field, word, autoComplete]) => (
        <div key={field} class="field">
          <label class="field">
            <span>{words[word]}</span>
            <input
              name={field}
              type="password"
              required
              autoComplete={autoComplete}
              aria-invalid={refusal?.fields.includes(field) === true}
              aria-describedby={field === 'newPassword' ? 'password-hint password-problem' : 'password-problem'}
              value={values[field]}
              onInput={(event) => setValues({ ...values, [field]: event.currentTarget.value })}
            />
          </label>
          {field === 'newPassword' && <small id="password-hint">{words.nextHint}</small>}
        </div>
      ))}
      <p id="password-problem" class="problem" role="alert">
        {refusal?.text}
      </p>
      <button type="submit" class="primary" aria-disabled={busy}>
        {words.save}
      </button>
    </form>
  );
}
