import { useState } from 'preact/hooks';
import { clinicWords } from '../../language/clinic-words.ts';
import { wordsOf } from '../../language/language.ts';
import { strings } from './strings.ts';
import { useCommands } from './page-context.ts';
import { ConsultationTypeField } from '../../view/consultation-type-field.tsx';

const priorities = ['Urgent', 'High', 'Medium', 'Low'] as const;

interface CheckInFormProps {
  /** Offered for choice; any other id opens a new queue. */
  readonly queues: readonly string[];
  /** Called before a check-in is sent. */
  readonly onSend: () => void;
}

/** Checks somebody in, so that a newcomer sees an event travel. */
export function CheckInForm({ queues, onSend }: CheckInFormProps) {
  const commands = useCommands();
  const [queueId, setQueueId] = useState('queue-1');
  const [patientName, setPatientName] = useState(strings.sampleName);
  const [priority, setPriority] = useState<string>('High');
  const [consultationType, setConsultationType] = useState('Cardiology');
  const [busy, setBusy] = useState(false);

  async function send(): Promise<void> {
    setBusy(true);
    onSend();
    await commands.checkIn({ queueId, patientName, priority, consultationType });
    setBusy(false);
  }

  return (
    <form
      class="check-in"
      onSubmit={(event) => {
        event.preventDefault();
        if (!busy) void send();
      }}
    >
      <label class="field">
        <span>{strings.queue}</span>
        <input
          name="queueId"
          required
          maxLength={60}
          pattern="[A-Za-z0-9._\-]+"
          title={strings.queueHint}
          autoComplete="off"
          list="known-queues"
          value={queueId}
          onInput={(event) => setQueueId(event.currentTarget.value)}
        />
        <datalist id="known-queues">
          {queues.map((known) => (
            <option key={known} value={known} />
          ))}
        </datalist>
      </label>
      <label class="field">
        <span>{strings.name}</span>
        <input
          name="patientName"
          required
          maxLength={120}
          pattern=".*\S.*"
          autoComplete="off"
          value={patientName}
          onInput={(event) => setPatientName(event.currentTarget.value)}
        />
      </label>
      <label class="field">
        <span>{strings.priority}</span>
        <select name="priority" value={priority} onChange={(event) => setPriority(event.currentTarget.value)}>
          {priorities.map((name) => (
            <option key={name} value={name}>
              {wordsOf(clinicWords).priorities[name]}
            </option>
          ))}
        </select>
      </label>
      <ConsultationTypeField
        label={strings.consultationType}
        known={wordsOf(clinicWords).consultationTypes}
        value={consultationType}
        onInput={setConsultationType}
      />
      <button type="submit" class="primary" aria-disabled={busy}>
        {strings.checkIn}
      </button>
    </form>
  );
}
