import { useState } from 'preact/hooks';
import { strings } from './strings.ts';

/** The request of the form as a command line. */
function commandLine(): string {
  return [
    `curl -X POST ${location.origin}/api/waiting-room/check-in \\`,
    '  -H "Content-Type: application/json" \\',
    `  -d '{`,
    '    "queueId": "queue-1",',
    '    "patientId": "patient-1",',
    '    "patientName": "John Doe",',
    '    "priority": "HIGH",',
    '    "consultationType": "Cardiology"',
    "  }'",
  ].join('\n');
}

/** What a newcomer sees instead of queues. */
export function FirstSteps() {
  const [copied, setCopied] = useState(false);
  const line = commandLine();
  // Browsers offer the clipboard to pages from this machine or with TLS only.
  const copy =
    'clipboard' in navigator ? () => void navigator.clipboard.writeText(line).then(() => setCopied(true)) : undefined;
  return (
    <div class="first-steps">
      <h3>{strings.noQueues}</h3>
      <p>{strings.noQueuesHint}</p>
      <div class="command">
        <pre tabIndex={0}>
          <code>{line}</code>
        </pre>
        {copy !== undefined && (
          <button type="button" class="quiet" onClick={copy}>
            {copied ? strings.copied : strings.copy}
          </button>
        )}
      </div>
    </div>
  );
}
