import type { RecordedEvent } from '../events/envelope.ts';

/** Where an archived event stands: a part of a file. */
export interface ArchivedPlace {
  readonly position: number;
  readonly id: string;
  /** The file's name, without a folder. */
  readonly file: string;
  /** Bytes before it in the file. */
  readonly offset: number;
  /** Bytes of it. */
  readonly length: number;
  /** CRC-32 of those bytes, as a signed number. */
  readonly checksum: number;
}

/** What the log needs of the archive: the events behind the places that its index names. */
export interface ArchivedBodies {
  /**
   * The events at some places, in the order of the places. Throws ARCHIVE_FILE_MISSING or ARCHIVE_FILE_DAMAGED with the
   * name of the file; never leaves one out.
   */
  read(places: readonly ArchivedPlace[]): Promise<readonly RecordedEvent[]>;
}
