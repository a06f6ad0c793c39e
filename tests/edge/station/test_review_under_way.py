"""What a review of a count under way is told of the count."""

import time
from pathlib import Path

from edge.bundles import open_bundle
from tests.edge.station.served import API, served, sign_in, wait_for


def test_scale_and_least_probability_are_told_while_it_is_counted(
    tmp_path: Path,
) -> None:
    source = "demo:frames=3,width_px=480,height_px=360,seed=3,pixel_size_um=0.15"
    least = open_bundle("mobilenetv2").manifest.thresholds.minimum_probability
    with served(tmp_path / "data", source=source) as (client, context):
        headers = sign_in(client)
        new = {"sample_id": "S-1", "target": 400}
        sample = client.post(f"{API}/count", json=new, headers=headers).json()
        path = f"{API}/samples/{sample['count_id']}"
        wait_for(client, "ended")
        limit = time.monotonic() + 10
        while context.live.frame() is None and time.monotonic() < limit:
            time.sleep(0.05)
        told = client.get(path).json()
        assert told["pixel_size_um"] == 0.15
        assert told["minimum_probability"] in {
            least,
            context.live.minimum_probability,
        }
        client.post(f"{API}/count/finish", headers=headers)
        wait_for(client, "idle")
        told = client.get(path).json()
        assert told["sample"]["state"] == "review"
        assert told["minimum_probability"] == context.live.minimum_probability
