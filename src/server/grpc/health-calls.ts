import { status, type ServiceError, type UntypedServiceImplementation } from '@grpc/grpc-js';
import type { MillraceServer } from '../route-module.ts';

/** How often a health stream looks again. */
const lookAgainMs = 2_000;

type Serving = 'SERVING' | 'NOT_SERVING' | 'SERVICE_UNKNOWN';

interface HealthCall {
  readonly request: { readonly service?: string };
}

type Answer = (error: Partial<ServiceError> | null, reply?: object) => void;

interface HealthStream extends HealthCall {
  write(reply: { readonly status: Serving }): boolean;
  end(): void;
  once(event: 'cancelled' | 'finish', listener: () => void): unknown;
}

/** The health protocol of gRPC: a service serves while commands can be accepted, as `/health/ready` says. */
export class HealthCalls {
  readonly #server: MillraceServer;
  readonly #services: ReadonlySet<string>;
  readonly #streams = new Set<() => void>();
  #stopping = false;

  constructor(server: MillraceServer, services: readonly string[]) {
    this.#server = server;
    this.#services = new Set(['', ...services]);
  }

  get implementation(): UntypedServiceImplementation {
    return {
      Check: (call: HealthCall, callback: Answer) => void this.#check(call, callback),
      Watch: (call: HealthStream) => this.#watch(call),
    };
  }

  /** Tells everybody who listens that nothing is served any more, and ends the streams. */
  stop(): void {
    this.#stopping = true;
    for (const end of this.#streams) end();
  }

  async #check(call: HealthCall, callback: Answer): Promise<void> {
    const serving = await this.#serving(call.request.service ?? '');
    if (serving === 'SERVICE_UNKNOWN') {
      callback({ code: status.NOT_FOUND, details: 'There is no service of that name.' });
    } else callback(null, { status: serving });
  }

  #watch(call: HealthStream): void {
    let last: Serving | undefined;
    const tell = (serving: Serving) => {
      if (serving !== last) call.write({ status: serving });
      last = serving;
    };
    const look = () => {
      void this.#serving(call.request.service ?? '').then((serving) => this.#streams.has(end) && tell(serving));
    };
    const timer = setInterval(look, lookAgainMs);
    const forget = () => {
      clearInterval(timer);
      this.#streams.delete(end);
    };
    const end = () => {
      forget();
      tell('NOT_SERVING');
      call.end();
    };
    this.#streams.add(end);
    call.once('cancelled', forget);
    call.once('finish', forget);
    look();
  }

  async #serving(service: string): Promise<Serving> {
    if (!this.#services.has(service)) return 'SERVICE_UNKNOWN';
    if (this.#stopping) return 'NOT_SERVING';
    try {
      const { statusCode } = await this.#server.inject({ method: 'GET', url: '/health/ready' });
      return statusCode === 200 ? 'SERVING' : 'NOT_SERVING';
    } catch {
      return 'NOT_SERVING';
    }
  }
}
