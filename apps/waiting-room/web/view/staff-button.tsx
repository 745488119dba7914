import { useState } from 'preact/hooks';
import { change } from '../data/act.ts';
import { named } from '../language/clinic-words.ts';
import { useWords } from '../language/language.ts';
import { stationWords } from '../language/station-words.ts';
import type { PlaceKind, PlaceRow } from '../model/places.ts';
import { useAccount, useMay } from '../shell/account.ts';
import { shellWords } from '../shell/shell-words.ts';
import { Modal } from './modal.tsx';

interface StaffButtonProps {
  readonly kind: PlaceKind;
  readonly place: PlaceRow;
  /** Reads the rooms or desks anew, with everything up to a position. */
  readonly refresh: (position: number) => Promise<void>;
}

const rights = {
  room: 'PUT /api/waiting-room/rooms/:roomId/staff',
  desk: 'PUT /api/waiting-room/desks/:deskId/staff',
} as const;

/** Who works at a place today, and the way to say so for those who may. */
export function StaffButton({ kind, place, refresh }: StaffButtonProps) {
  const words = useWords(stationWords);
  const may = useMay();
  const [open, setOpen] = useState(false);
  return (
    <div class="staff">
      <span data-staff={place.staffName !== null}>
        {place.staffName === null ? words.noStaff : words.staff(place.staffName)}
      </span>
      {may(rights[kind]) && (
        <button
          type="button"
          class="quiet"
          aria-haspopup="dialog"
          aria-label={words.staffOf(place.name)}
          onClick={() => setOpen(true)}
        >
          {words.setStaff}
        </button>
      )}
      {open && <StaffForm kind={kind} place={place} refresh={refresh} onClose={() => setOpen(false)} />}
    </div>
  );
}

function StaffForm({ kind, place, refresh, onClose }: StaffButtonProps & { readonly onClose: () => void }) {
  const words = useWords(stationWords);
  const roleNames = useWords(shellWords).roles;
  // Accounts of a demonstration are called as their role.
  const me = named(roleNames, useAccount()?.principal?.displayName ?? '');
  const [name, setName] = useState(place.staffName ?? '');
  const [busy, setBusy] = useState(false);

  async function send(): Promise<void> {
    if (busy) return;
    setBusy(true);
    const staffName = name.trim() === '' ? null : name.trim();
    const path = `/api/waiting-room/${kind}s/${encodeURIComponent(place.id)}/staff`;
    const said = () => (staffName === null ? words.staffNobody(place.name) : words.staffSet(staffName, place.name));
    const position = await change(path, { staffName }, said);
    if (position !== undefined) await refresh(position);
    setBusy(false);
    if (position !== undefined) onClose();
  }

  return (
    <Modal title={words.staffOf(place.name)} onClose={onClose}>
      <form
        class="step-form"
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        <div class="field">
          <label class="field">
            <span>{words.staffName}</span>
            <input
              name="staffName"
              maxLength={120}
              autoComplete="off"
              aria-describedby="staff-hint"
              value={name}
              onInput={(event) => setName(event.currentTarget.value)}
            />
          </label>
          <small id="staff-hint">{words.staffHint}</small>
        </div>
        {me !== '' && me !== name && (
          <ul class="suggestions">
            <li>
              <button type="button" class="quiet" onClick={() => setName(me)}>
                {words.staffMe(me)}
              </button>
            </li>
          </ul>
        )}
        <button type="submit" class="primary" aria-disabled={busy}>
          {words.save}
        </button>
      </form>
    </Modal>
  );
}
