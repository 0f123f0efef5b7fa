import time
import pytest
from tests.web.console import MARKS, MallMap, settled, run_script
pytestmark = MARKS
async def test_prof(open_page, message):
    for path in ["/messages","/campaigns","/map?fps=5"]*2:
        t=time.perf_counter(); marks=[]
        def mark(n):
            nonlocal t
            now=time.perf_counter(); marks.append((n, round(now-t,2))); t=now
        page = await open_page(path); mark("open"); await settled(page); mark("settled"); 
        p2 = await page.context.new_page(); mark("new page"); await p2.goto(path); mark("goto2"); await settled(p2); mark("settled2")
        await p2.close(); await page.goto(path); mark("goto3"); await settled(page); mark("settled3")
        await page.context.close(); mark("close")
        print(path, marks)
