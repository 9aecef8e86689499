"""One question, asked of an experiment and answered by its children, with the commands a person would type.

    python examples/experiment2/story.py [FOLDER]

Everything lands in FOLDER (default: story-output), which is made anew each time.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
MARK = "made-by-the-plotter2-story"
CHILDREN = ("experiment2a/revision1", "experiment2a/revision2", "experiment2b", "impostor")


def main(folder: str = "story-output") -> None:
    """Tell the story, each command with what it answers."""
    started = time.monotonic()
    output = fresh(Path(folder).absolute())
    scripts = copied(output / "scripts")

    say("four children train networks, each with six learning rates, and write it down their way")
    subprocess.run([sys.executable, HERE / "train.py", output], check=True)
    plotter2(output, "add", "experiment2", shown=False)
    plotter2(output, "key", "new", "--name", "story@example", "--no-passphrase", shown=False)
    plotter2(output, "ls")

    say("the parent gets two questions: how weights change with the rate, and a matrix")
    tasks = [scripts / "rates.p2", scripts / "matrices.p2"]
    plotter2(output, "attach", "experiment2", *tasks, "--yes")

    say("each child says how it answers; the impostor never wrote down its rates")
    for child in CHILDREN:
        link = scripts / "links" / f"{child.rpartition('/')[2]}.p2"
        plotter2(output, "attach", f"experiment2/{child}", link, "--yes")
    plotter2(output, "links", "experiment2/experiment2b")

    say("the PCA over learning rates is asked of the parent")
    plotter2(output, "run", "experiment2:pca_over_rates", "-o", "pictures")
    plotter2(output, "run", "experiment2:pca_of_all", "-o", "pictures")

    say("meta_sum_matrix collects what each plot_matrix exposes")
    plotter2(output, "run", "experiment2:meta_sum_matrix", "-o", "pictures")

    say("now there is a sum, and the children draw it beside their own")
    plotter2(output, "run", "experiment2:plot_matrix", "-o", "pictures")
    plotter2(output, "show", "experiment2/experiment2b")

    say("the same two tasks as steps in Python")
    plotter2(output, "attach", "experiment2", scripts / "matrices_in_python.p2", "--yes")
    plotter2(output, "run", "experiment2:python_meta_sum_matrix", "-o", "pictures")
    plotter2(output, "run", "experiment2:python_plot_matrix", "-o", "pictures")

    print(
        f"\ndone in {time.monotonic() - started:.0f} s; the pictures are in {output / 'pictures'}"
    )


def fresh(folder: Path) -> Path:
    """Give an empty folder; only one that an earlier story made is emptied."""
    if folder.exists():
        if not (folder / MARK).exists():
            sys.exit(f"{folder} is there already and was not made by this story: name another one")
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    (folder / MARK).touch()
    return folder


def copied(scripts: Path) -> Path:
    """Copy the scripts of this folder, and nothing that an earlier story left in it."""
    for source in [*HERE.glob("*.p2"), *HERE.glob("links/*.p2")]:
        target = scripts / source.relative_to(HERE)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    return scripts


def say(text: str) -> None:
    """Print what happens next."""
    print(f"\n# {text}", flush=True)


def plotter2(output: Path, *words: str | Path, shown: bool = True) -> None:
    """Run a command in the folder of the story, and print it with its answer."""
    command = [sys.executable, "-m", "plotter2", *map(str, words), "--root", str(output / "root")]
    done = subprocess.run(command, cwd=output, capture_output=True, text=True, check=False)
    if shown or done.returncode:
        told = " ".join(str(word).replace(f"{output}/", "") for word in words)
        print(f"$ plotter2 {told}")
        print(done.stdout.replace(f"{output}/", ""), end="")
    if done.returncode:
        sys.exit(done.stderr)


if __name__ == "__main__":
    main(*sys.argv[1:])
