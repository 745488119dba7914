/** How a phone shakes: twice, long. */
const shake = [400, 200, 400];

/** Whether the phone may show messages: not asked yet, yes, no, or not able to. */
export function newsPermission(): NotificationPermission | 'missing' {
  return 'Notification' in globalThis ? Notification.permission : 'missing';
}

/** Asks for the permission; to be called by a press of a button. */
export async function askForNews(): Promise<NotificationPermission | 'missing'> {
  if (!('Notification' in globalThis)) return 'missing';
  return Notification.requestPermission();
}

/** Shakes the phone, and shows a message when that is permitted. */
export function tellNews(title: string, body: string): void {
  if ('vibrate' in navigator) navigator.vibrate(shake);
  if (newsPermission() !== 'granted') return;
  try {
    // One that replaces the one before: only the last call counts.
    new Notification(title, { body, tag: 'millrace-visit' });
  } catch {
    // Some phones let only a service worker do that. The page shows it large all the same.
  }
}
