/** Scripts that start a job where no studio is: each says in its first lines how it is used. */
import { JOB_FILES, type JobRecord } from '../../core/contract/job.ts'

const TRAIN = (base: string): string =>
  `-m fcos_job.train "$JOB/${JOB_FILES.run}" --images ${base === JOB_FILES.images ? `"$JOB/${base}"` : quoted(base)}`

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

/** By name. */
export function launchFiles({ images: { base }, needs }: JobRecord): Record<string, string> {
  return {
    'torchrun.sh': `#!/bin/sh
# On one machine: launch/torchrun.sh [PROCESSES]. One process per GPU; all of them by default.
# Install first: python3 -m pip install -r program/requirements.txt (Python ${needs.python} or newer).
set -eu
JOB=$(cd "$(dirname "$0")/.." && pwd)
export PYTHONPATH="$JOB/program"
exec "\${PYTHON:-python3}" -m torch.distributed.run --standalone --nproc-per-node="\${1:-gpu}" --max-restarts=3 \\
  ${TRAIN(base)}
`,
    'slurm.sbatch': `#!/bin/bash
# sbatch --nodes=2 --gpus-per-node=4 launch/slurm.sbatch, from the job's folder, which every node must see.
# One task per node: torchrun starts the processes of its GPUs. A job that Slurm preempts saves its state and is put back
# into the queue; it goes on where it was.
#SBATCH --job-name=fcos
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=16
#SBATCH --gpus-per-node=1
#SBATCH --time=24:00:00
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --signal=TERM@120
set -eu
export JOB="$SLURM_SUBMIT_DIR"
export PYTHONPATH="$JOB/program"
HEAD=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
# A free port of its own for each job on a node.
PORT=$((20000 + SLURM_JOB_ID % 20000))
srun "\${PYTHON:-python3}" -m torch.distributed.run --nnodes="$SLURM_NNODES" --nproc-per-node="\${SLURM_GPUS_ON_NODE:-1}" \\
  --rdzv-backend=c10d --rdzv-id="$SLURM_JOB_ID" --rdzv-endpoint="$HEAD:$PORT" --max-restarts=3 \\
  ${TRAIN(base)}
`,
    'rayjob.yaml': `# Kubernetes with KubeRay: kubectl apply -f rayjob.yaml. Build the image of the Dockerfile beside it first, and put the job's
# folder on the volume claim fcos-jobs under /jobs/JOB.
apiVersion: ray.io/v1
kind: RayJob
metadata:
  name: fcos
spec:
  entrypoint: python -m fcos_job.ray_train /jobs/JOB --workers 2 --gpus
  shutdownAfterJobFinishes: true
  backoffLimit: 2
  runtimeEnvYAML: |
    env_vars:
      PYTHONPATH: /jobs/JOB/program
  rayClusterSpec:
    headGroupSpec:
      rayStartParams: {}
      template:
        spec:
          containers:
            - name: ray
              image: fcos-job
              volumeMounts: [{ name: jobs, mountPath: /jobs }]
          volumes: [{ name: jobs, persistentVolumeClaim: { claimName: fcos-jobs } }]
    workerGroupSpecs:
      - groupName: gpus
        replicas: 2
        minReplicas: 2
        maxReplicas: 2
        rayStartParams: {}
        template:
          spec:
            containers:
              - name: ray
                image: fcos-job
                resources: { limits: { nvidia.com/gpu: 1 } }
                volumeMounts: [{ name: jobs, mountPath: /jobs }]
            volumes: [{ name: jobs, persistentVolumeClaim: { claimName: fcos-jobs } }]
`,
    Dockerfile: `# docker build -t fcos-job -f launch/Dockerfile . from the job's folder.
FROM rayproject/ray:2.60.0-py311-gpu
COPY program/requirements.txt /tmp/requirements.txt
RUN pip install --no-cache-dir -r /tmp/requirements.txt
`,
  }
}
