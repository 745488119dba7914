import net from 'node:net';
import { MillraceError } from '../../errors.ts';

/**
 * Finds out whether a port can be listened on, before anything is started. Throws PORT_TAKEN, or SETTING_INVALID when
 * the address is not one of this machine.
 * @param runningAt where Millrace runs on the same data folder, when it does
 */
export async function checkPort(host: string, port: number, runningAt?: string): Promise<void> {
  if (port === 0) return;
  const server = net.createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port, exclusive: true }, resolve);
    });
  } catch (cause) {
    throw portProblem(host, port, cause, runningAt);
  }
  await new Promise((resolve) => server.close(resolve));
}

function portProblem(host: string, port: number, cause: unknown, runningAt: string | undefined): MillraceError {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (code === 'EADDRINUSE') {
    const isOurs = runningAt !== undefined && new URL(runningAt).port === String(port);
    const who = isOurs
      ? `Millrace runs there already, on the same data folder: ${runningAt}.`
      : 'Another program listens on it.';
    const message = `Port ${port} is taken. ${who} Set PORT to another one, for example PORT=${nextPort(port)}.`;
    return new MillraceError('PORT_TAKEN', message, { cause });
  }
  if (code === 'EACCES') {
    const message = `Port ${port} may not be used by this account. Set PORT to one above 1023.`;
    return new MillraceError('SETTING_INVALID', message, { cause });
  }
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new MillraceError('SETTING_INVALID', `HOST ${host} cannot be listened on: ${reason}.`, { cause });
}

function nextPort(port: number): number {
  return port < 65_535 ? port + 1 : 8080;
}
