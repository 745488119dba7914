import type { Catalogue } from '../../language/language.ts';

const en = {
  attempts: (made: string, all: string) => `${made} of ${all} attempts to pay failed`,
};

const es: typeof en = {
  attempts: (made, all) => `${made} de ${all} intentos de pago fallaron`,
};

export const cashierWords: Catalogue<typeof en> = { en, es };
