import { afterEach, beforeEach, expect, test } from 'vitest';
import { anEvent, createTestLog, type TestLog } from '../support/test-log.ts';

let shop: TestLog;
beforeEach(async () => {
  shop = await createTestLog();
});
afterEach(() => shop.drop());

interface PlanNode {
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly Plans?: readonly PlanNode[];
}

/** The most rows that any step of a plan has touched. */
function mostRows(node: PlanNode): number {
  return Math.max(node['Actual Rows'] * node['Actual Loops'], ...(node.Plans ?? []).map(mostRows));
}

const streams = 100;
const versions = 100;

/** One test for fresh tables, whose statistics say nothing, and one for tables that were analyzed. */
test.each(['fresh', 'analyzed'])('reading the end of one stream touches its end only: %s tables', async (kind) => {
  for (let version = 0; version < versions; version += 10) {
    await Promise.all(
      Array.from({ length: streams }, (_, number) =>
        shop.log.append({
          events: Array.from({ length: 10 }, () => anEvent({ stream: `cart-${number}` })),
          expect: [{ stream: `cart-${number}`, version }],
        }),
      ),
    );
  }
  if (kind === 'analyzed') await shop.sql('analyze');
  const asked = { stream: 'cart-7', afterVersion: versions - 2 };
  const { statements } = shop.log;
  const client = await shop.connect();
  for (const setting of ['jit', 'enable_seqscan', 'enable_hashjoin', 'enable_mergejoin'])
    await client.query(`set ${setting} = off`);
  for (const query of [
    statements.query([asked], 0, Number.MAX_SAFE_INTEGER, 1000),
    statements.queryMany([{ queries: [asked], after: 0 }]),
  ]) {
    const explained = await client.query<{ 'QUERY PLAN': readonly [{ readonly Plan: PlanNode }] }>(
      `explain (analyze, format json) ${query.text}`,
      query.values,
    );
    const plan = explained.rows[0]?.['QUERY PLAN'][0].Plan;
    expect(plan?.['Actual Rows']).toBe(2);
    expect(plan === undefined ? Infinity : mostRows(plan)).toBeLessThanOrEqual(10);
  }
});
