interface ConsultationTypeFieldProps {
  readonly label: string;
  /** Offered; any other is taken as well. */
  readonly known: readonly string[];
  readonly value: string;
  readonly onInput: (type: string) => void;
}

/** What a patient comes for. */
export function ConsultationTypeField({ label, known, value, onInput }: ConsultationTypeFieldProps) {
  return (
    <label class="field">
      <span>{label}</span>
      <input
        name="consultationType"
        required
        minLength={2}
        maxLength={100}
        pattern=".*\S.*"
        autoComplete="off"
        list="consultation-types"
        value={value}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
      <datalist id="consultation-types">
        {known.map((type) => (
          <option key={type} value={type} />
        ))}
      </datalist>
    </label>
  );
}
