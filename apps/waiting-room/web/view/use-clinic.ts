import { useEffect, useReducer } from 'preact/hooks';
import { clinicStore, joinClinic, type ClinicState } from '../data/clinic-session.ts';

/** What the staff's screens know, drawn again whenever something came; keeps the live session going. */
export function useClinic(): ClinicState {
  const [, redraw] = useReducer<number, undefined>((times) => times + 1, 0);
  useEffect(() => {
    const leave = joinClinic();
    const stop = clinicStore.subscribe(() => redraw(undefined));
    redraw(undefined);
    return () => {
      stop();
      leave();
    };
  }, []);
  return clinicStore.state;
}
