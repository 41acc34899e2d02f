"""Compares steps of this program with the same steps in PyTorch on this machine's processor, one after the other in turn,
and prints how many times faster they are.

    python3 tools/compare_torch.py --environment FOLDER [--rounds 9] [--threads 1 2] [--only "vgg19 conv3_4"] [--json FILE]

The environment is made if it is not there, with the versions below. The programs are asked in turn, so that whatever else
the machine does meets them alike. A program's turn begins with a rest, in which the others' threads can stop looking for
work; then come steps for a third of a second that do not count, since the first ones wake the program's threads; then
three of which the median counts. A ratio is taken within each round, and the median of the ratios is printed with its
quartiles. Processor time is the sum over a program's threads: at one thread it does not depend on who else is using the
machine. Wall time does; with more than one thread it should be quiet.

Peak memory is that of a process that measured nothing else, so each workload gets processes of its own.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import time
import venv

PACKAGES = ["torch==2.15.0", "numpy==2.4.6"]
WORKLOADS = [
    "vgg19 conv1_2", "vgg19 conv3_4", "vgg19 conv5_4", "vgg19 fc8", "resnet50 layer4", "efficientnet-lite0 block15",
    "cochleagram cochleagram", "cochresnet50 layer4", "kell2018 relu4", "word-aliased logits", "word-reduced-aliasing logits",
]
REST, WARM = 0.5, 0.33  # seconds
HERE = pathlib.Path(__file__).resolve().parent


def python_with_torch(folder):
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
    have = subprocess.run([python, "-c", "import torch, numpy"], capture_output=True)
    if have.returncode != 0:
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
    return python


def our_program():
    build = ["cargo", "bench", "--locked", "--bench", "steps", "--no-run", "--message-format", "json"]
    lines = subprocess.run(build, cwd=HERE.parent, check=True, capture_output=True, text=True).stdout.splitlines()
    made = [json.loads(line) for line in lines if line.startswith("{")]
    return next(m["executable"] for m in made if m.get("target", {}).get("name") == "steps" and m.get("executable"))


class Server:
    def __init__(self, command, cwd):
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=cwd)

    def turn(self, line):
        time.sleep(REST)
        begun = time.monotonic()
        self.ask(line)
        while time.monotonic() - begun < WARM:
            self.ask(line)
        steps = [self.ask(line) for _ in range(3)]
        return {what: statistics.median(step[what] for step in steps) for what in steps[0]}

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        try:
            wall, cpu, peak = (float(word) for word in answer.split())
        except ValueError:
            raise SystemExit(f"'{line}' was answered with '{answer.strip()}'")
        return {"wall": wall, "cpu": cpu, "peak": peak}

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def quartiles(values):
    return statistics.quantiles(values, n=4, method="inclusive")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--environment", type=pathlib.Path, required=True)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--only", nargs="+", choices=WORKLOADS, default=WORKLOADS)
    parser.add_argument("--json", type=pathlib.Path)
    arguments = parser.parse_args()
    ours, python = our_program(), python_with_torch(arguments.environment)
    contestants = {
        "fast": ([ours, "--serve"], "fast"),
        "exact": ([ours, "--serve"], "exact"),
        "torch": ([python, HERE / "torch_steps.py"], "default"),
        "torch channels_last": ([python, HERE / "torch_steps.py"], "channels_last"),
    }
    everything = []
    for threads in arguments.threads:
        clock = "cpu" if threads == 1 else "wall"
        print(f"\n{threads} thread{'s' if threads > 1 else ''}, {clock} time of a step in ms; times faster than the better PyTorch: median (quartiles)\n")
        print("| step | fast | exact | PyTorch | channels_last | times faster, fast | exact | peak memory, MB: fast, exact, PyTorch |")
        print("|---|---|---|---|---|---|---|---|")
        for name in arguments.only:
            servers = {who: Server(command, HERE.parent) for who, (command, _) in contestants.items()}
            turns = []
            for _ in range(arguments.rounds):
                turns.append({who: servers[who].turn(f"{threads} {way} {name}") for who, (_, way) in contestants.items()})
            for server in servers.values():
                server.close()
            median = {who: statistics.median(t[who][clock] for t in turns) for who in contestants}
            better = min(["torch", "torch channels_last"], key=median.get)
            ratios = {who: quartiles([t[better][clock] / t[who][clock] for t in turns]) for who in ["fast", "exact"]}
            peak = {who: turns[-1][who]["peak"] for who in contestants}
            cells = [name] + [f"{median[who]:.1f}" for who in contestants]
            cells += [f"**{m:.2f}** ({low:.2f}–{high:.2f})" for low, m, high in ratios.values()]
            cells.append(f"{peak['fast']:.0f}, {peak['exact']:.0f}, {min(peak['torch'], peak['torch channels_last']):.0f}")
            print("| " + " | ".join(cells) + " |", flush=True)
            everything.append({"workload": name, "threads": threads, "time": clock, "better": better, "turns": turns})
    if arguments.json:
        arguments.json.write_text(json.dumps(everything, indent=1))


if __name__ == "__main__":
    main()
