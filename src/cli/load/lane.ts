import net from 'node:net';
import tls from 'node:tls';
import { ResponseParser, type HttpAnswer } from './response-parser.ts';

/** What becomes of the request that a lane carries. */
export interface LaneListener<T> {
  /** The lane has nothing to carry and can take a request. Called after connecting and after every answer. */
  readonly onFree: (lane: Lane<T>) => void;
  readonly onAnswer: (request: T, answer: HttpAnswer) => void;
  /** The connection ended before the answer: nobody knows whether the request took effect. */
  readonly onLost: (request: T) => void;
}

const firstPauseMs = 50;
const longestPauseMs = 1_000;

/** One kept-alive connection with one request at a time. It connects again for as long as it is open. */
export class Lane<T> {
  readonly #url: URL;
  readonly #listener: LaneListener<T>;
  #socket: net.Socket | undefined;
  #request: T | undefined;
  #pause = firstPauseMs;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(url: URL, listener: LaneListener<T>) {
    this.#url = url;
    this.#listener = listener;
    this.#connect();
  }

  /** Connected, and without a request. */
  get ready(): boolean {
    return this.#socket !== undefined && this.#request === undefined;
  }

  /** Sends a request. Only for a lane that is ready. */
  send(request: T, bytes: string): void {
    this.#request = request;
    this.#socket?.write(bytes);
  }

  /** Ends the connection. A request that it still carries is told as lost. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#socket?.destroy();
    this.#lose();
  }

  #connect(): void {
    const { hostname, port, protocol } = this.#url;
    const host = hostname.replace(/^\[|\]$/g, '');
    const secure = protocol === 'https:';
    const target = { host, port: Number(port) || (secure ? 443 : 80) };
    const socket = secure ? tls.connect({ ...target, servername: host }) : net.connect(target);
    const parser = new ResponseParser();
    socket.setNoDelay(true);
    socket.once(secure ? 'secureConnect' : 'connect', () => {
      this.#pause = firstPauseMs;
      this.#socket = socket;
      this.#listener.onFree(this);
    });
    socket.on('data', (bytes: Buffer) => {
      try {
        for (const answer of parser.feed(bytes)) this.#answered(answer, socket);
      } catch {
        socket.destroy();
      }
    });
    socket.on('error', () => undefined); // 'close' follows and does what is to be done
    socket.once('close', () => this.#ended());
  }

  #answered(answer: HttpAnswer, socket: net.Socket): void {
    const request = this.#request;
    this.#request = undefined;
    if (request !== undefined) this.#listener.onAnswer(request, answer);
    if (answer.closes) socket.destroy();
    else if (!this.#closed) this.#listener.onFree(this);
  }

  #ended(): void {
    this.#socket = undefined;
    this.#lose();
    if (this.#closed) return;
    this.#timer = setTimeout(() => this.#connect(), this.#pause);
    this.#pause = Math.min(this.#pause * 2, longestPauseMs);
  }

  #lose(): void {
    const request = this.#request;
    this.#request = undefined;
    if (request !== undefined) this.#listener.onLost(request);
  }
}
