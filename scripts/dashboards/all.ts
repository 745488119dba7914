import { clinic } from './clinic.ts';
import { eventProcessing } from './event-processing.ts';
import { infrastructure } from './infrastructure.ts';
import type { DashboardSpec } from './panel.ts';

/** Every dashboard that is provisioned. */
export const dashboards: readonly DashboardSpec[] = [eventProcessing, infrastructure, clinic];
