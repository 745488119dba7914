/** Where patients are called to. */
export type PlaceKind = 'room' | 'desk';

export interface PlaceRow {
  readonly id: string;
  readonly name: string;
  readonly siteId: string;
  /** Who works there today, as far as somebody said so. */
  readonly staffName: string | null;
  /** Whether it may call. */
  readonly active: boolean;
  readonly occupied: boolean;
}
