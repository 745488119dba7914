import type { Catalogue } from '../../language/language.ts';

const en = {
  who: 'Who you are',
  userName: 'User name',
  name: 'Name',
  roles: 'Roles',
  nobody: 'Nobody is signed in: this is a demonstration.',
  change: 'Change the password',
  current: 'Current password',
  next: 'New password',
  nextHint: '12 to 256 characters.',
  again: 'New password again',
  different: 'The new password was not written the same twice.',
  save: 'Change the password',
  changed: 'The password is changed. Your sign-ins elsewhere have ended.',
  fixed: 'This account is of the demonstration: everybody knows its password, and it stays.',
};

const es: typeof en = {
  who: 'Quién es usted',
  userName: 'Usuario',
  name: 'Nombre',
  roles: 'Funciones',
  nobody: 'Nadie ha entrado: esto es una demostración.',
  change: 'Cambiar la contraseña',
  current: 'Contraseña actual',
  next: 'Contraseña nueva',
  nextHint: 'De 12 a 256 caracteres.',
  again: 'Contraseña nueva otra vez',
  different: 'La contraseña nueva no se escribió igual las dos veces.',
  save: 'Cambiar la contraseña',
  changed: 'La contraseña está cambiada. Sus otras sesiones terminaron.',
  fixed: 'Esta cuenta es de la demostración: todos conocen su contraseña, y no cambia.',
};

export const accountWords: Catalogue<typeof en> = { en, es };
