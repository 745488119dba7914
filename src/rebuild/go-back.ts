import { DatabaseError } from 'pg';
import { setTimeout as pause } from 'node:timers/promises';
import { MillraceError } from '../errors.ts';
import { liveBuild, oldBuild } from '../projections/builds.ts';
import { assertSameLog } from '../store/log-checkpoint.ts';
import { BuildFollower } from './build-follower.ts';
import { buildConnection, isMoved, type BuildParts } from './build-parts.ts';
import { withRebuildLease } from './rebuild-lease.ts';
import { dropBuilds } from './rebuild.ts';
import { swapIn, targetOf } from './swap.ts';

/**
 * Makes the old build the live one again, at an equal position; the live one becomes the old one. Throws
 * OLD_BUILD_MISSING, OLD_BUILD_BEHIND.
 */
export async function goBack(parts: BuildParts): Promise<void> {
  await withRebuildLease(parts, async (client, keeper) => {
    const { definition, log } = parts;
    const old = await oldBuild(client, definition.id);
    if (old === undefined) throw missing(parts);
    if (old.problem !== undefined) throw behind(parts, old.problem);
    await assertSameLog(definition.id, old.build, log);
    try {
      await swapIn({
        parts,
        client,
        keeper,
        generation: old.build.generation,
        beforeTry: () => catchUp(parts, old.build.generation),
      });
    } catch (error) {
      // Tables or columns that this code expects are not there: only the code that made the build can go on with it.
      if (error instanceof DatabaseError && error.code?.startsWith('42') === true)
        throw behind(parts, 'other code made it');
      throw error;
    }
  });
}

/** As far as it goes without making the live consumer wait. Whoever feeds the old build meanwhile does the same work. */
async function catchUp(parts: BuildParts, generation: number): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const client = buildConnection(parts);
    try {
      await client.connect();
      const follower = await BuildFollower.open(parts, client, generation);
      if (follower === undefined) throw missing(parts);
      const [live, head] = await Promise.all([liveBuild(client, parts.definition.id), parts.log.head()]);
      await follower.follow(targetOf(live, head.position), () => undefined);
      return;
    } catch (error) {
      if (!isMoved(error) || attempt === 20) throw error;
      await pause(50);
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}

/** Removes the old build. Throws OLD_BUILD_MISSING. */
export async function dropOld(parts: BuildParts): Promise<void> {
  await withRebuildLease(parts, async (client) => {
    if ((await oldBuild(client, parts.definition.id)) === undefined) throw missing(parts);
    await dropBuilds(client, parts.definition.id, `state = 'old'`);
  });
}

function missing(parts: BuildParts): MillraceError {
  return new MillraceError('OLD_BUILD_MISSING', `Projection ${parts.definition.id} has no old build.`);
}

function behind(parts: BuildParts, why: string): MillraceError {
  return new MillraceError(
    'OLD_BUILD_BEHIND',
    `The old build of ${parts.definition.id} is not kept up to date: ${why}.`,
  );
}
