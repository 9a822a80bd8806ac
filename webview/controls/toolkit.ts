/** The controls of the toolkit: the only file that imports it. */
import {
  provideVSCodeDesignSystem,
  vsCodeButton,
  vsCodeDropdown,
  vsCodeOption,
  vsCodeTextField,
} from '@vscode/webview-ui-toolkit';
import type { ComponentChildren } from 'preact';

provideVSCodeDesignSystem().register(vsCodeButton(), vsCodeDropdown(), vsCodeOption(), vsCodeTextField());

/**
 * `ref` of a text field with a label that is not seen: the toolkit itself names every one "Text field" when it is put
 * into the page.
 */
export function labelled(label: string): (field: HTMLElement | null) => void {
  return (field) => field?.setAttribute('aria-label', label);
}

interface Common {
  readonly children?: ComponentChildren;
  readonly class?: string;
  readonly title?: string;
  readonly 'aria-label'?: string;
  readonly 'data-testid'?: string;
}

type ValueEvent = Event & { readonly target: EventTarget & { readonly value: string } };

interface Controls {
  'vscode-button': Common & {
    readonly appearance?: 'primary' | 'secondary' | 'icon';
    readonly disabled?: boolean;
    readonly onClick: () => void;
  };
  'vscode-dropdown': Common & {
    readonly value: string;
    readonly disabled?: boolean;
    readonly onChange: (event: ValueEvent) => void;
  };
  'vscode-option': Common & { readonly value: string; readonly key?: string };
  'vscode-text-field': Common & {
    readonly value: string;
    readonly placeholder?: string;
    readonly 'aria-invalid'?: boolean;
    readonly onInput?: (event: ValueEvent) => void;
    readonly onChange?: (event: ValueEvent) => void;
    readonly onKeyDown?: (event: KeyboardEvent) => void;
    readonly ref?: (element: HTMLElement | null) => void;
  };
}

declare module 'preact' {
  // eslint-disable-next-line @typescript-eslint/no-namespace -- how Preact lets elements be declared
  namespace JSX {
    // eslint-disable-next-line @typescript-eslint/no-empty-object-type -- likewise
    interface IntrinsicElements extends Controls {}
  }
}
