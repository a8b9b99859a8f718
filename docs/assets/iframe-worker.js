// A page that was opened from the file system may start no worker, and the search is one. There a hidden
// frame runs the same script, and events of its window carry the messages.
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(url) {
      super();
      const frame = document.createElement("iframe");
      frame.hidden = true;
      document.body.append(frame);
      this.inside = frame.contentWindow;
      this.inside.postMessage = (data) => this.dispatchEvent(new MessageEvent("message", { data }));
      this.started = new Promise((resolve, reject) => {
        const script = this.inside.document.createElement("script");
        Object.assign(script, { src: url, onload: resolve, onerror: reject });
        this.inside.document.body.append(script);
      });
    }

    async postMessage(data) {
      await this.started;
      this.inside.dispatchEvent(new this.inside.MessageEvent("message", { data }));
    }
  };
}
