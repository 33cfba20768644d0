// The stage: layers of canvases that are zoomed and moved together, and where on the picture somebody points.

const MOST = 64;
const NEAR = 5;

export class View {
  /** handlers: {point(x, y), click(x, y), down(x, y), move(x, y), up()} in picture pixels; draws(): is a drag a stroke */
  constructor(stage, layers, handlers) {
    Object.assign(this, { stage, layers, handlers, scale: 1, x: 0, y: 0, width: 0, height: 0, fits: true });
    this.pointers = new Map();
    stage.addEventListener("pointerdown", (event) => this.down(event));
    stage.addEventListener("pointermove", (event) => this.moved(event));
    stage.addEventListener("pointerup", (event) => this.up(event));
    stage.addEventListener("pointercancel", (event) => this.up(event));
    stage.addEventListener("pointerleave", () => handlers.point(-1, -1));
    stage.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    new ResizeObserver(() => this.fits && this.fit()).observe(stage);
  }

  /** Show a picture of this size from here on. */
  resize(width, height) {
    Object.assign(this, { width, height });
    for (const canvas of this.layers.children) Object.assign(canvas, { width, height });
    this.fit();
  }

  fit() {
    if (!this.width) return;
    const { clientWidth, clientHeight } = this.stage;
    this.scale = Math.min(clientWidth / this.width, clientHeight / this.height, 8) * 0.96;
    this.x = (clientWidth - this.width * this.scale) / 2;
    this.y = (clientHeight - this.height * this.scale) / 2;
    this.fits = true;
    this.place();
  }

  /** Zoom by a factor around a point of the stage, its middle where none is given. */
  zoom(factor, at = [this.stage.clientWidth / 2, this.stage.clientHeight / 2]) {
    const scale = Math.min(Math.max(this.scale * factor, 0.02), MOST);
    this.x = at[0] - ((at[0] - this.x) * scale) / this.scale;
    this.y = at[1] - ((at[1] - this.y) * scale) / this.scale;
    this.scale = scale;
    this.fits = false;
    this.place();
  }

  place() {
    this.layers.style.transform = `translate(${this.x}px, ${this.y}px) scale(${this.scale})`;
    this.layers.classList.toggle("crisp", this.scale * devicePixelRatio >= 2);
  }

  /** Where on the stage a pointer is, and where on the picture. */
  where(event) {
    const box = this.stage.getBoundingClientRect();
    const on = [event.clientX - box.left - this.stage.clientLeft, event.clientY - box.top - this.stage.clientTop];
    return { on, at: [(on[0] - this.x) / this.scale, (on[1] - this.y) / this.scale] };
  }

  down(event) {
    if (!this.width) return;
    // a pointer that is not there, as of a test or a tool, cannot be captured
    try {
      this.stage.setPointerCapture(event.pointerId);
    } catch {
      return;
    }
    const { on, at } = this.where(event);
    this.pointers.set(event.pointerId, on);
    this.began = { on, far: false, button: event.button, strokes: false };
    if (this.pointers.size > 1) {
      this.handlers.up();
      this.began.far = true;
    } else if (event.button === 0 && this.handlers.draws()) {
      this.began.strokes = true;
      this.handlers.down(...at);
    }
  }

  moved(event) {
    if (!this.width) return;
    const { on, at } = this.where(event);
    const before = this.pointers.get(event.pointerId);
    if (!before) {
      this.handlers.point(...at);
      return;
    }
    if (this.pointers.size > 1) {
      this.pinch(event.pointerId, on);
      return;
    }
    if (this.began.strokes) {
      for (const one of event.getCoalescedEvents?.() ?? [event]) this.handlers.move(...this.where(one).at);
      return;
    }
    this.began.far ||= Math.hypot(on[0] - this.began.on[0], on[1] - this.began.on[1]) > NEAR;
    if (this.began.far) {
      this.x += on[0] - before[0];
      this.y += on[1] - before[1];
      this.fits = false;
      this.place();
      this.pointers.set(event.pointerId, on);
    }
  }

  pinch(id, on) {
    const [other] = [...this.pointers].filter(([one]) => one !== id).map(([, place]) => place);
    const before = this.pointers.get(id);
    const span = (place) => Math.hypot(place[0] - other[0], place[1] - other[1]);
    const middle = (place) => [(place[0] + other[0]) / 2, (place[1] + other[1]) / 2];
    this.x += middle(on)[0] - middle(before)[0];
    this.y += middle(on)[1] - middle(before)[1];
    this.pointers.set(id, on);
    this.zoom(span(on) / Math.max(span(before), 1), middle(on));
  }

  up(event) {
    if (!this.pointers.delete(event.pointerId) || this.pointers.size) return;
    if (this.began.strokes) this.handlers.up();
    else if (!this.began.far && this.began.button === 0 && event.type === "pointerup") {
      this.handlers.click(...this.where(event).at);
    }
  }

  wheel(event) {
    if (!this.width) return;
    event.preventDefault();
    this.zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.002)), this.where(event).on);
  }
}
