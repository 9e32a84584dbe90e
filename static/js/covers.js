// A picture that cannot be had makes way for the drawn cover below it.

const drop = (image) => { if (image.matches?.(".cover img")) image.remove(); };

document.addEventListener("error", (event) => drop(event.target), true);
for (const image of document.querySelectorAll(".cover img")) if (image.complete && !image.naturalWidth) drop(image);

// A picture of one's own is made smaller before it is sent: no cover is shown any larger.

const SIDE = 1600; // pixels of the longest side
const LIGHT = 1_000_000; // bytes that are sent as they are

async function smaller(file) {
  const bitmap = await createImageBitmap(file);
  const scale = Math.min(1, SIDE / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(bitmap.width * scale);
  canvas.height = Math.round(bitmap.height * scale);
  const pen = canvas.getContext("2d");
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  const blob = await new Promise((done) => { canvas.toBlob(done, "image/jpeg", 0.9); });
  return blob && blob.size < file.size ? new File([blob], file.name, { type: "image/jpeg" }) : file;
}

document.addEventListener("change", async ({ target }) => {
  const [file] = target.matches(".cover-change [type=file]") ? target.files : [];
  if (!file || file.size <= LIGHT) return;
  const button = target.form.querySelector("button");
  button.disabled = true;
  try {
    const fitting = new DataTransfer();
    fitting.items.add(await smaller(file));
    if (target.files[0] === file) target.files = fitting.files;
  } catch {
    // What this browser cannot open goes as it is, for the server to tell.
  } finally {
    button.disabled = false;
  }
});
