import type { Application } from 'millrace/server';
import { library } from './library.ts';

export const application: Application = { system: library };
