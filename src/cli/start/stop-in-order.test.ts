import { describe, expect, it } from 'vitest';
import { stopInOrder } from './stop-in-order.ts';

describe('stopping', () => {
  it('stops one part after the other', async () => {
    const steps: string[] = [];
    const part = (name: string) => ({
      name,
      stop: async () => {
        steps.push(`${name} begins`);
        await Promise.resolve();
        steps.push(`${name} ends`);
      },
    });
    expect(await stopInOrder([part('a'), part('b')], 1_000, 100)).toEqual([]);
    expect(steps).toEqual(['a begins', 'a ends', 'b begins', 'b ends']);
  });

  it('goes on behind a part that fails and behind one that hangs', async () => {
    const stopped: string[] = [];
    const last = Promise.withResolvers<void>();
    const problems = await stopInOrder(
      [
        { name: 'A', stop: () => Promise.reject(new Error('boom')) },
        { name: 'B', stop: () => last.promise },
        { name: 'C', stop: async () => void stopped.push('C') },
      ],
      60,
      30,
    );
    last.resolve();
    expect(stopped).toEqual(['C']);
    expect(problems).toEqual([
      'A did not stop in order: boom',
      expect.stringMatching(/^B did not stop within \d+ ms\.$/),
    ]);
  });
});
