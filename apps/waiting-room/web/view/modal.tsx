import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { clinicWords } from '../language/clinic-words.ts';
import { useWords } from '../language/language.ts';

interface ModalProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}

/** A question in front of the screen. The browser keeps the keyboard in it, closes it with Escape and goes back. */
export function Modal({ title, onClose, children }: ModalProps) {
  const id = useId();
  const words = useWords(clinicWords);
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const { current } = dialog;
    const before = document.activeElement;
    current?.showModal();
    return () => {
      current?.close();
      // Gone with its element, the browser does not find the way back by itself.
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      class="modal"
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      <div class="modal-head">
        <h2 id={id}>{title}</h2>
        <button type="button" class="quiet" onClick={onClose}>
          {words.close}
        </button>
      </div>
      {children}
    </dialog>
  );
}
