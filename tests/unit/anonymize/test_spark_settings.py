"""What a Spark session is told: on this machine nothing leaves it, on a cluster what belongs to the cluster is left to it."""

from pathlib import Path

import pytest

from anonymize.engines.spark import cluster_settings, machine_settings, names_master, session_settings


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({}, False),
        ({"PYSPARK_SUBMIT_ARGS": "--conf spark.sql.adaptive.enabled=false pyspark-shell"}, False),
        ({"PYSPARK_SUBMIT_ARGS": "--conf x=--masterly pyspark-shell"}, False),
        ({"PYSPARK_SUBMIT_ARGS": "--master yarn pyspark-shell"}, True),
        ({"PYSPARK_SUBMIT_ARGS": "--conf a=b --master=spark://driver.example:7077 pyspark-shell"}, True),
        ({"PYSPARK_GATEWAY_PORT": "4711"}, True),
    ],
)
def test_who_says_where_spark_runs(environment, named):
    assert names_master(environment) is named


def test_no_session_keeps_a_record_of_queries():
    told = session_settings(Path("/folder"), Path("/folder/log"))
    assert (told["spark.ui.enabled"], told["spark.eventLog.enabled"], told["spark.log.level"]) == ("false", "false", "OFF")


def test_a_cluster_keeps_its_network_and_its_sizes():
    here, there = machine_settings(Path("/folder"), 3), cluster_settings()
    assert (here["spark.driver.host"], here["spark.local.dir"], here["spark.sql.shuffle.partitions"]) == ("127.0.0.1", "/folder", "3")
    assert there == {"spark.io.encryption.enabled": "true"}
    assert not set(here) & set(session_settings(Path("/folder"), Path("/folder/log")))
