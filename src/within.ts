/**
 * The outcome of `work`, or a rejection with what `late` makes when it takes longer than so many milliseconds. The work
 * itself goes on; what it comes to then is heard by nobody.
 * @example await within(2_000, broker.check(), () => new Error('The broker does not answer.'));
 */
export async function within<Result>(milliseconds: number, work: Promise<Result>, late: () => Error): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(late()), milliseconds);
  });
  try {
    return await Promise.race([work, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
