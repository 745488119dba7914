import { describe, expect, it } from 'vitest';
import { serverSettings, sharedBuffersMegabytes } from './server-settings.ts';

const gigabyte = 1024 ** 3;

describe('the settings of the embedded server', () => {
  it.each([
    [24 * gigabyte, 256],
    [gigabyte, 128],
    [0.1 * gigabyte, 32],
  ])('take an eighth of %i bytes of memory, within bounds', (memory, megabytes) => {
    expect(sharedBuffersMegabytes(memory)).toBe(megabytes);
  });

  it('store durably unless told otherwise, and never answer before the commit is written', () => {
    const durable = serverSettings({ durable: true, version: '18' });
    expect(durable).toContain("\nfsync = 'on'");
    expect(durable).toContain("\nfull_page_writes = 'on'");
    const forTests = serverSettings({ durable: false, version: '18' });
    expect(forTests).toContain("\nfsync = 'off'");
    for (const settings of [durable, forTests]) expect(settings).toContain("\nsynchronous_commit = 'on'");
  });

  it('change with the version of the programs, so that an upgrade restarts a server that was left running', () => {
    expect(serverSettings({ durable: true, version: '18.5' })).not.toBe(
      serverSettings({ durable: true, version: '18.4' }),
    );
  });
});
