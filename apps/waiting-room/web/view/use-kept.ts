import { useState } from 'preact/hooks';

/** A choice that this browser remembers, such as the desk it stands at. Empty text for none. */
export function useKept(name: string): readonly [value: string, choose: (value: string) => void] {
  const key = `millrace-${name}`;
  const [value, setValue] = useState(() => localStorage.getItem(key) ?? '');
  return [
    value,
    (chosen) => {
      localStorage.setItem(key, chosen);
      setValue(chosen);
    },
  ];
}
