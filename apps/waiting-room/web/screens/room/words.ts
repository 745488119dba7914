import type { Catalogue } from '../../language/language.ts';

const en = {
  activate: 'Activate the room',
  deactivate: 'Deactivate the room',
  activated: (room: string) => `${room} is active.`,
  deactivated: (room: string) => `${room} is not active.`,
  parked: 'Parked',
  resumeHint: 'They wait for a result, say. Back in line they have their time of arrival.',
};

const es: typeof en = {
  activate: 'Activar el consultorio',
  deactivate: 'Desactivar el consultorio',
  activated: (room) => `${room} está activo.`,
  deactivated: (room) => `${room} no está activo.`,
  parked: 'En pausa',
  resumeHint: 'Esperan un resultado, por ejemplo. De vuelta en la cola conservan su hora de llegada.',
};

export const roomWords: Catalogue<typeof en> = { en, es };
