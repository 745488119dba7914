import { useEffect, useRef, useState } from 'preact/hooks';
import { act } from '../../data/act.ts';
import { moment, text, textOrNull } from '../../data/json.ts';
import { clinicWords } from '../../language/clinic-words.ts';
import { useWords } from '../../language/language.ts';
import type { Clinic } from '../../model/clinic.ts';
import type { QueueRow } from '../../model/rows.ts';
import { refusalOfCheckIn } from '../../model/selections.ts';
import { PriorityPicker } from '../../view/priority-picker.tsx';
import type { Slip } from '../../view/ticket-slip.tsx';
import { LooksLike } from './looks-like.tsx';
import { QueueChoice } from './queue-choice.tsx';
import { receptionWords } from './words.ts';
import { ConsultationTypeField } from '../../view/consultation-type-field.tsx';

interface CheckInFormProps {
  readonly clinic: Clinic;
  readonly queues: readonly QueueRow[];
  readonly hidden: boolean;
  readonly onCheckedIn: (slip: Slip) => void;
}

/** The whole check-in without a mouse: Tab from field to field, arrow keys within, Enter at the end. */
export function CheckInForm({ clinic, queues, hidden, onCheckedIn }: CheckInFormProps) {
  const words = useWords(receptionWords);
  const shared = useWords(clinicWords);
  const [chosen, setChosen] = useState('');
  const [patientName, setPatientName] = useState('');
  const [patientId, setPatientId] = useState('');
  const [priority, setPriority] = useState('Medium');
  const [consultationType, setConsultationType] = useState<string>();
  const [notes, setNotes] = useState('');
  const [busy, setBusy] = useState(false);
  const nameField = useRef<HTMLInputElement>(null);
  const wasHidden = useRef(hidden);

  useEffect(() => {
    if (!hidden && wasHidden.current) nameField.current?.focus();
    wasHidden.current = hidden;
  }, [hidden]);

  // The first queue that takes somebody in, until one is chosen; none is known before the lists are there.
  const open = queues.find((queue) => refusalOfCheckIn(queue) === undefined) ?? queues[0];
  const queueId = queues.length === 0 || queues.some((queue) => queue.queueId === chosen) ? chosen : open?.queueId;
  const type = consultationType ?? shared.consultationTypes[0] ?? '';

  async function send(): Promise<void> {
    if (busy || queueId === undefined) return;
    setBusy(true);
    const answer = await act(
      '/api/waiting-room/check-in',
      {
        queueId,
        patientName,
        priority,
        consultationType: type,
        ...(patientId === '' ? {} : { patientId }),
        ...(notes.trim() === '' ? {} : { notes }),
      },
      (checkedIn) => words.checkedIn(text(checkedIn['ticket'])),
    );
    setBusy(false);
    if (answer === undefined) {
      nameField.current?.focus();
      return;
    }
    setPatientName('');
    setPatientId('');
    setNotes('');
    setPriority('Medium');
    onCheckedIn({
      ticket: text(answer['ticket']),
      queueName: queues.find((queue) => queue.queueId === queueId)?.name ?? queueId,
      at: moment(answer['arrivedAt']),
      link: textOrNull(answer['link']) ?? undefined,
    });
  }

  return (
    <form
      class="panel check-in-desk"
      aria-labelledby="check-in-title"
      hidden={hidden}
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      <h2 id="check-in-title">{words.checkInTitle}</h2>
      {queues.length > 0 && <QueueChoice queues={queues} value={queueId ?? ''} onChange={setChosen} />}
      {queues.length === 0 && clinic.visits !== undefined && (
        <label class="field">
          <span>{words.queueId}</span>
          <input
            name="queueId"
            required
            maxLength={60}
            pattern="[A-Za-z0-9._\-]+"
            title={words.idHint}
            aria-describedby="no-queues"
            autoComplete="off"
            value={chosen}
            onInput={(event) => setChosen(event.currentTarget.value)}
          />
          <small id="no-queues">{words.noQueues}</small>
        </label>
      )}
      <div class="fields">
        <label class="field">
          <span>{words.patientName}</span>
          <input
            ref={nameField}
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
          <span>{words.patientId}</span>
          <input
            name="patientId"
            maxLength={20}
            pattern="[A-Za-z0-9.\-]+"
            title={words.idHint}
            placeholder={words.patientIdHint}
            autoComplete="off"
            value={patientId}
            onInput={(event) => setPatientId(event.currentTarget.value)}
          />
        </label>
      </div>
      <LooksLike clinic={clinic} patientName={patientName} patientId={patientId} />
      <PriorityPicker name="priority" legend={words.priority} value={priority} onChange={setPriority} />
      <div class="fields">
        <ConsultationTypeField
          label={words.consultationType}
          known={shared.consultationTypes}
          value={type}
          onInput={setConsultationType}
        />
        <label class="field">
          <span>{words.notes}</span>
          <input
            name="notes"
            maxLength={1_000}
            autoComplete="off"
            value={notes}
            onInput={(event) => setNotes(event.currentTarget.value)}
          />
        </label>
      </div>
      <button type="submit" class="primary" aria-disabled={busy} aria-busy={busy}>
        {words.checkIn}
      </button>
    </form>
  );
}
