"""Danube's own Python client, unmodified, against a running host.

Usage: foreign.py URL SCENARIO. Exits 0 when the scenario holds; a failed assertion
is a traceback and exit 1. The scenarios are called one by one by foreign_python.rs.
"""

import asyncio
import sys

import grpc
from danube import DanubeClientBuilder, DispatchStrategy, SchemaType, SubType

PATIENCE_SECONDS = 20

SCHEMA = b'{"type":"object","properties":{"user_id":{"type":"string"}},"required":["user_id"]}'


async def connect(url):
    return await DanubeClientBuilder().service_url(url).build()


async def producer_of(client, topic, partitions=0, subject=None, reliable=True):
    builder = client.new_producer().with_topic(topic).with_name("foreign-python")
    if partitions:
        builder = builder.with_partitions(partitions)
    if subject:
        builder = builder.with_schema_subject(subject)
    if reliable:
        builder = builder.with_dispatch_strategy(DispatchStrategy.RELIABLE)
    producer = builder.build()
    await producer.create()
    return producer


async def consumer_of(client, topic, kind=SubType.EXCLUSIVE, name="c1"):
    builder = client.new_consumer().with_topic(topic).with_consumer_name(name)
    consumer = builder.with_subscription("s1").with_subscription_type(kind).build()
    await consumer.subscribe()
    return consumer, await consumer.receive()


async def take(consumer, queue, count):
    """The next messages, each acknowledged."""
    messages = []
    for _ in range(count):
        message = await asyncio.wait_for(queue.get(), PATIENCE_SECONDS)
        await consumer.ack(message)
        messages.append(message)
    return messages


async def reliable(url):
    client = await connect(url)
    producer = await producer_of(client, "/default/reliable")
    consumer, queue = await consumer_of(client, "/default/reliable")
    for number in range(25):
        await producer.send(str(number).encode(), {"number": str(number)})
    messages = await take(consumer, queue, 25)
    assert [m.payload for m in messages] == [str(n).encode() for n in range(25)], messages
    assert [m.msg_id.topic_offset for m in messages] == list(range(25)), messages
    assert messages[7].attributes["number"] == "7", messages[7]


async def non_reliable(url):
    client = await connect(url)
    producer = await producer_of(client, "/default/loose", reliable=False)
    consumer, queue = await consumer_of(client, "/default/loose", SubType.SHARED)
    # What is sent before the stream is attached is lost, as it should be.
    deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
    while queue.empty():
        assert asyncio.get_running_loop().time() < deadline, "nothing arrived"
        await producer.send(b"hello")
        await asyncio.sleep(0.05)
    (message,) = await take(consumer, queue, 1)
    assert (message.payload, message.msg_id.topic_offset) == (b"hello", 0), message


async def shared(url):
    client = await connect(url)
    producer = await producer_of(client, "/default/shared")
    one, to_one = await consumer_of(client, "/default/shared", SubType.SHARED, "one")
    two, to_two = await consumer_of(client, "/default/shared", SubType.SHARED, "two")

    seen = {"one": [], "two": []}

    async def collect(name, consumer, queue):
        while True:
            (message,) = await take(consumer, queue, 1)
            seen[name].append(message.msg_id.topic_offset)

    tasks = [asyncio.create_task(collect("one", one, to_one)), asyncio.create_task(collect("two", two, to_two))]
    for number in range(40):
        await producer.send(str(number).encode())
    deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
    while len(seen["one"]) + len(seen["two"]) < 40:
        assert asyncio.get_running_loop().time() < deadline, seen
        await asyncio.sleep(0.05)
    for task in tasks:
        task.cancel()
    assert sorted(seen["one"] + seen["two"]) == list(range(40)), seen
    assert seen["one"] and seen["two"], seen


async def partitioned(url):
    client = await connect(url)
    producer = await producer_of(client, "/default/parts", partitions=3)
    consumer, queue = await consumer_of(client, "/default/parts")
    for number in range(30):
        await producer.send(str(number).encode())
    messages = await take(consumer, queue, 30)
    got = {(m.msg_id.topic_name, m.msg_id.topic_offset) for m in messages}
    assert got == {(f"/default/parts-part-{p}", o) for p in range(3) for o in range(10)}, got


async def invalid(url):
    client = await connect(url)
    registration = client.schema().register_schema("user-events").with_type(SchemaType.JSON_SCHEMA)
    schema_id = await registration.with_schema_data(SCHEMA).execute()
    assert (await client.schema().get_latest_schema("user-events")).schema_definition == SCHEMA
    producer = await producer_of(client, "/default/user-events", subject="user-events")
    consumer, queue = await consumer_of(client, "/default/user-events")
    try:
        await producer.send(b'{"user_id":123}')
    except grpc.aio.AioRpcError as refusal:
        for part in ["Unable to publish the message: ", "/user_id", "123", "string"]:
            assert part in refusal.details(), (part, refusal.details())
    else:
        raise AssertionError("a number was accepted where a string belongs")
    await producer.send(b'{"user_id":"u123"}')
    (message,) = await take(consumer, queue, 1)
    assert message.payload == b'{"user_id":"u123"}', message
    assert (message.schema_id, message.schema_version) == (schema_id, 1), message


async def resume_before(url):
    client = await connect(url)
    producer = await producer_of(client, "/default/resume")
    consumer, queue = await consumer_of(client, "/default/resume")
    for number in range(6):
        await producer.send(str(number).encode())
    await take(consumer, queue, 3)
    await consumer.close()


async def resume_after(url):
    consumer, queue = await consumer_of(await connect(url), "/default/resume")
    messages = await take(consumer, queue, 3)
    assert [m.payload for m in messages] == [b"3", b"4", b"5"], messages


SCENARIOS = [reliable, non_reliable, shared, partitioned, invalid, resume_before, resume_after]

if __name__ == "__main__":
    scenario = {function.__name__: function for function in SCENARIOS}[sys.argv[2]]
    asyncio.run(asyncio.wait_for(scenario(sys.argv[1]), 3 * PATIENCE_SECONDS))
