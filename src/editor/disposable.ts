import type { Disposable } from 'vscode';

/** Owns disposables, and disposes them with itself; what is registered later is disposed at once. */
export abstract class Owner implements Disposable {
  private readonly owned: Disposable[] = [];
  private disposed = false;

  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    for (const disposable of this.owned.splice(0).reverse()) disposable.dispose();
  }

  protected get isDisposed(): boolean {
    return this.disposed;
  }

  protected register<T extends Disposable>(disposable: T): T {
    if (this.disposed) disposable.dispose();
    else this.owned.push(disposable);
    return disposable;
  }
}
