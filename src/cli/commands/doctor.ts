import { Command } from 'commander';
import type { Terminal } from '../terminal.ts';

export interface DoctorOptions {
  readonly url?: string;
  readonly json?: boolean;
}

/** `millrace doctor` */
export function doctorCommand(terminal: Terminal): Command {
  return new Command('doctor')
    .description('look at everything that must be right, and say what to do where it is not')
    .option('--url <url>', 'where the server is (default: MILLRACE_URL, or the one that runs here)')
    .option('--json', 'print one JSON object')
    .addHelpText('after', '\nExample:\n  millrace doctor')
    .action(async (options: DoctorOptions) => {
      const { doctor } = await import('../doctor/doctor.ts');
      await doctor(options, terminal);
    });
}
