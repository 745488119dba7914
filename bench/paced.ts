/**
 * Calls at a steady rate whatever the answers take: an open loop, so that a slow answer does not slow down what comes.
 * Resolves with the number of calls when the last one has its answer; rejects when one of them did.
 */
export async function callPaced(
  pace: { readonly perSecond: number; readonly calls: number },
  call: (n: number) => Promise<void>,
): Promise<{ readonly elapsedSeconds: number }> {
  const start = performance.now();
  const under = new Set<Promise<void>>();
  const failures: unknown[] = [];
  for (let made = 0; made < pace.calls && failures.length === 0;) {
    const due = Math.min(pace.calls, Math.floor(((performance.now() - start) / 1000) * pace.perSecond) + 1);
    for (; made < due; made += 1) {
      const answered: Promise<void> = call(made)
        .catch((error: unknown) => {
          failures.push(error);
        })
        .finally(() => under.delete(answered));
      under.add(answered);
    }
    const next = start + (made / pace.perSecond) * 1000;
    await new Promise((resolve) => {
      setTimeout(resolve, Math.max(0, next - performance.now()));
    });
  }
  await Promise.all(under);
  if (failures.length > 0) throw failures[0];
  return { elapsedSeconds: (performance.now() - start) / 1000 };
}
