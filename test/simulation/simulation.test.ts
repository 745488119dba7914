import { expect, it } from 'vitest';
import { simulate, Simulation } from './simulation.ts';

const runs = 100;

/** Each seed is one run; MILLRACE_SEED=… runs that one alone. */
const given = process.env['MILLRACE_SEED'];

it('every event takes effect exactly once and in order, whatever broker, connections and processes do', async () => {
  const first = given === undefined ? Date.now() % 1_000_000 : Number(given);
  const seeds = given === undefined ? Array.from({ length: runs }, (_, index) => first + index) : [first];
  await using simulation = await Simulation.open();
  let faults = 0;
  for (const seed of seeds) {
    try {
      faults += await simulate(simulation, seed);
    } catch (error) {
      throw new Error(`Run it again with MILLRACE_SEED=${seed}`, { cause: error });
    }
  }
  process.stdout.write(`${seeds.length} runs from seed ${first}, ${faults} faults\n`);
  expect(faults).toBeGreaterThan(0);
}, 120_000);
